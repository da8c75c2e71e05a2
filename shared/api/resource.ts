import type { FieldCause } from '#shared/base';
import type { KindInfo, KubeObject, ResourceRef } from './object.ts';
import type { Schema } from './schema/schema.ts';

/** One printed column of a kind. */
export interface TableColumn<T extends KubeObject = KubeObject> {
  /** As kubectl's header says it in mixed case, such as `Up-To-Date`. */
  readonly name: string;
  readonly type: 'string' | 'integer' | 'boolean' | 'date';
  readonly format?: 'name';
  readonly description: string;
  /** 0 is always printed, 1 only with `-o wide`. */
  readonly priority: 0 | 1;
  cell(object: T, nowMs: number): string | number | boolean;
}

/** How the registry removes an object of this kind, beyond finalizers. */
export interface DeletionRules<T extends KubeObject> {
  /**
   * Seconds between a delete and the removal, for kinds whose removal somebody else confirms (a
   * pod's agent). 0 removes at once. `requested` is the caller's gracePeriodSeconds.
   */
  graceSeconds?(object: T, requested: number | undefined): number;
  /** True keeps the deleted object until a later update lets it go (a namespace's spec.finalizers). */
  holds?(object: T): boolean;
  /** Marks the draft when its deletion begins, such as status.phase Terminating. */
  begin?(draft: T): void;
}

/**
 * The declaration of a kind: everything the generic registry needs to serve it. Built-in kinds and
 * kinds declared at run time are the same to it. Hooks are pure; those that take a `draft` change it.
 */
export interface Resource<T extends KubeObject = KubeObject> extends KindInfo {
  readonly schema: Schema;
  /** Keys are `<storagePrefix>[<namespace>/]<name>`: `/registry/[<group>/]<plural>/`. */
  readonly storagePrefix: string;
  /** Status is a subresource: writes to the object leave it alone, and the other way round. */
  readonly hasStatus: boolean;
  /** metadata.generation counts changes of the spec. */
  readonly hasGeneration: boolean;
  readonly columns: readonly TableColumn<T>[];
  /** A warning to whoever asks for it. */
  readonly deprecated?: string;
  /** Field selectors, by label: what a selector compares with. Names and namespaces come by themselves. */
  readonly selectableFields: Readonly<Record<string, FieldReader<T>['read']>>;
  /** Fills in what the caller left out, beyond the schema's defaults. */
  defaults?(draft: T): void;
  /** Before defaults: what the server decides, or drops, on a create. */
  prepareForCreate?(draft: T): void;
  prepareForUpdate?(draft: T, old: T): void;
  /** Semantic validation in Kubernetes' wording; `old` is there on an update. */
  validate?(object: T, old?: T): FieldCause[];
  validateStatus?(object: T, old: T): FieldCause[];
  validateName?(name: string): string[];
  /**
   * Unique things that this object holds, such as `clusterip/127.96.0.1` for a Service. The registry
   * keeps a key per claim in the transaction that writes the object.
   */
  claims?(object: T): string[];
  readonly deletion?: DeletionRules<T>;
  /** Where objects are kept as those of another kind: how they are read and written. */
  readonly storedAs?: Conversion;
}

/** Between a kind and the one that it is stored as. Neither changes its argument. */
export interface Conversion {
  from(stored: KubeObject): KubeObject;
  to(object: KubeObject): KubeObject;
}

/** Method syntax keeps Resource<Pod> assignable to Resource. */
interface FieldReader<T> {
  read(object: T): string;
}

/** What every collection of ours can do. */
export const allVerbs: readonly string[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
];

export const groupVersion = (ref: ResourceRef): string =>
  ref.group === '' ? ref.version : `${ref.group}/${ref.version}`;

/** `deployments.apps`, `pods`: how messages name a collection. */
export const qualifiedResource = (ref: { group: string; resource: string }): string =>
  ref.group === '' ? ref.resource : `${ref.resource}.${ref.group}`;

/** `Deployment.apps`, `Pod`. */
export const qualifiedKind = (kind: { group: string; kind: string }): string =>
  kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;

export const storagePrefix = (ref: { group: string; resource: string }): string =>
  `/registry/${ref.group === '' ? '' : `${ref.group}/`}${ref.resource}/`;

/** The store's key of an object. */
export function storageKey(resource: Resource, name: string, namespace = ''): string {
  return resource.namespaced
    ? `${resource.storagePrefix}${namespace}/${name}`
    : `${resource.storagePrefix}${name}`;
}

/** The prefix of a collection's keys: one namespace's, or all. */
export function collectionPrefix(resource: Resource, namespace?: string): string {
  return namespace && resource.namespaced
    ? `${resource.storagePrefix}${namespace}/`
    : resource.storagePrefix;
}

/** The key that says a claim is held; its value names the holder. */
export const claimKey = (claim: string): string => `/registry/claims/${claim}`;
