export type {
  Json,
  KindInfo,
  KubeObject,
  ObjectMeta,
  OwnerReference,
  ResourceRef,
} from './object.ts';
export { refs } from './refs.ts';
