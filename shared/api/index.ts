export {
  alreadyExists,
  badRequest,
  conflict,
  expired,
  forbiddenTo,
  invalid,
  methodNotSupported,
  notFound,
  requestTooLarge,
  statusFor,
} from './errors.ts';
export type {
  Json,
  KindInfo,
  KubeObject,
  ObjectMeta,
  OwnerReference,
  ResourceRef,
} from './object.ts';
export {
  type FieldSelector,
  type LabelSelectorMatcher,
  labelSelectorMatcher,
  parseFieldSelector,
  parseLabelSelector,
} from './selectors.ts';
export { refs } from './refs.ts';
export {
  claimKey,
  collectionPrefix,
  type DeletionRules,
  groupVersion,
  qualifiedKind,
  qualifiedResource,
  type Resource,
  storageKey,
  type TableColumn,
} from './resource.ts';
export { findResource, resources } from './resources.ts';
export type { Schema } from './schema/schema.ts';
export {
  type CreateContext,
  decodeObject,
  type FieldValidation,
  prepareCreate,
  prepareStatusUpdate,
  prepareUpdate,
} from './strategy.ts';
export { type Table, toTable } from './table.ts';
export type * from './types.ts';
