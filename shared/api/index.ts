export {
  firstFew,
  forbidden as forbiddenValue,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from './causes.ts';
export { type Applied, type Applier, applyConfiguration, createdBy } from './apply/apply.ts';
export { trackUpdate, withEntries, type Writer } from './apply/managers.ts';
export { scaleColumns } from './columns.ts';
export { getCondition, isConditionTrue, setCondition } from './conditions.ts';
export { type Disruption, disruptionTarget } from './disruption.ts';
export { cloneJson } from './clone.ts';
export { type RolloutStatus, rolloutStatus } from './deployments.ts';
export { prepareEphemeralContainers } from './ephemeral-containers.ts';
export { equalJson } from './equal.ts';
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
export { resolveFenceposts, scaledValue } from './int-or-percent.ts';
export { allowsNode, matchesNodeTerm } from './node-affinity.ts';
export {
  bestVolume,
  defaultStorageClass,
  isBoundTogether,
  isClaimedBy,
  localStorageAnnotation,
  noProvisioner,
  suitsClaim,
  volumeAllowsNode,
  volumeAnnotations,
  waitsForConsumer,
} from './volume-binding.ts';
export type {
  Json,
  KindInfo,
  KubeObject,
  ManagedFieldsEntry,
  ObjectMeta,
  OwnerReference,
  ResourceRef,
} from './object.ts';
export {
  getControllerOf,
  isControlledBy,
  newControllerRef,
  objectKey,
  splitKey,
} from './owners.ts';
export { jsonPatch, mergePatch } from './patch.ts';
export { type PodSummary, summarizePod } from './pod-summary.ts';
export {
  isPodActive,
  isPodAvailable,
  isPodReady,
  isPodTerminal,
} from './pods.ts';
export {
  addQuantities,
  compareQuantities,
  formatQuantity,
  parseQuantity,
  type Quantity,
  quantityMillis,
  quantityUnits,
  tryParseQuantity,
} from './quantity.ts';
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
export { tokenRequest } from './kinds/reviews.ts';
export { findResource, resources } from './resources.ts';
export { builtinDefinition } from './schema/builtin.ts';
export type { Schema } from './schema/schema.ts';
export {
  type FieldSelector,
  type LabelSelectorMatcher,
  labelSelectorMatcher,
  parseFieldSelector,
  parseLabelSelector,
} from './selectors.ts';
export {
  type CreateContext,
  decodeObject,
  type FieldValidation,
  prepareCreate,
  requestedObject,
  prepareStatusUpdate,
  prepareUpdate,
} from './strategy.ts';
export { strategicMergePatch } from './strategic-merge.ts';
export { type Table, toTable } from './table.ts';
export { tolerates } from './taints.ts';
export { formatLabels } from './text.ts';
export { podTemplateHash } from './template-hash.ts';
export { age, humanDuration, parseTime } from './time.ts';
export type * from './types.ts';
export {
  addCharges,
  type Charges,
  chargesOf,
  exceeded,
  fromAmounts,
  inScopes,
  increases,
  toAmounts,
  unsaid,
} from './quota.ts';
export { allocatesNodePorts, nodePortsOf } from './node-ports.ts';
export { decidesOn, timedConditions } from './kinds/certificate-signing-request.ts';
