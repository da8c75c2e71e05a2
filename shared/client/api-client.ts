import type { FieldValidation, KindInfo, KubeObject, ResourceRef } from '#shared/api';

export type WatchEventType = 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK';

export interface WatchEvent<T extends KubeObject = KubeObject> {
  readonly type: WatchEventType;
  readonly object: T;
}

export interface ObjectList<T extends KubeObject = KubeObject> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  readonly continue?: string | undefined;
  readonly remainingItemCount?: number | undefined;
}

export interface ListOptions {
  /** Absent: every namespace. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly limit?: number | undefined;
  readonly continue?: string | undefined;
  /** Absent: as of now. Else see `resourceVersionMatch`; '0' is any state. */
  readonly resourceVersion?: string | undefined;
  /** Absent: not older than `resourceVersion`, or just that one where there is a limit. */
  readonly resourceVersionMatch?: 'exact' | 'not-older-than' | undefined;
}

export interface WatchOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly name?: string | undefined;
  /** Events after this one. Absent: what exists comes first, as ADDED. */
  readonly resourceVersion?: string | undefined;
  readonly allowBookmarks?: boolean | undefined;
  /**
   * True: what exists comes first, then a bookmark with the annotation
   * `k8s.io/initial-events-end`. False: nothing but changes, also without a resourceVersion.
   */
  readonly sendInitialEvents?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A leader's proof that it still leads; see proto/quorate/v1/elections.proto. */
export interface Fence {
  readonly election: string;
  readonly token: number;
}

export interface WriteOptions {
  readonly namespace?: string | undefined;
  readonly subresource?: string | undefined;
  readonly fence?: Fence | undefined;
  /** Who writes, for managedFields; absent: as the caller is known. */
  readonly fieldManager?: string | undefined;
  readonly dryRun?: boolean | undefined;
  /** Absent: strict. */
  readonly fieldValidation?: FieldValidation | undefined;
  /** Is told of what was met with a warning. In process only. */
  readonly warn?: ((warning: string) => void) | undefined;
}

export type PatchType = 'json' | 'merge' | 'strategic';

export interface DeleteOptions extends Omit<WriteOptions, 'subresource'> {
  readonly propagation?: 'background' | 'foreground' | 'orphan' | undefined;
  readonly gracePeriodSeconds?: number | undefined;
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
}

export interface DeleteResult<T extends KubeObject = KubeObject> {
  readonly object: T;
  /** False while finalizers or a grace period keep the object. */
  readonly gone: boolean;
}

export interface Leader {
  readonly election: string;
  readonly identity: string;
  /** 0 while nobody leads. */
  readonly token: number;
  readonly leaseSeconds: number;
}

export interface CampaignRequest {
  readonly election: string;
  readonly identity: string;
  readonly leaseSeconds: number;
  readonly waitMs: number;
}

export interface LogOptions {
  readonly container?: string | undefined;
  readonly follow?: boolean | undefined;
  readonly previous?: boolean | undefined;
  readonly tailLines?: number | undefined;
  readonly limitBytes?: number | undefined;
  /** Only what was written then or later, in milliseconds since the epoch. */
  readonly sinceTimeMs?: number | undefined;
  /** Each line begins with the time it was written. */
  readonly timestamps?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The API as scheduler, controllers, agents and the CLI use it: the API server's core in process
 * on a master, `quorate.v1` over gRPC elsewhere. Objects handed out are shared: never change one,
 * copy it. Failures are QuorateErrors with Kubernetes' wording.
 */
export interface ApiClient {
  kinds(): Promise<readonly KindInfo[]>;
  get<T extends KubeObject>(ref: ResourceRef, name: string, namespace?: string): Promise<T>;
  list<T extends KubeObject>(ref: ResourceRef, options?: ListOptions): Promise<ObjectList<T>>;
  /** Ends by throwing (`expired`: list again; `unavailable`: try again) or when `signal` aborts. */
  watch<T extends KubeObject>(
    ref: ResourceRef,
    options?: WatchOptions,
  ): AsyncIterable<WatchEvent<T>>;
  create<T extends KubeObject>(ref: ResourceRef, object: T, options?: WriteOptions): Promise<T>;
  /** A create below an object, such as pods/binding. */
  createSubresource<T extends KubeObject>(
    ref: ResourceRef,
    name: string,
    subresource: string,
    body: KubeObject,
    options?: WriteOptions,
  ): Promise<T>;
  update<T extends KubeObject>(ref: ResourceRef, object: T, options?: WriteOptions): Promise<T>;
  patch<T extends KubeObject>(
    ref: ResourceRef,
    name: string,
    type: PatchType,
    patch: unknown,
    options?: WriteOptions,
  ): Promise<T>;
  delete<T extends KubeObject>(
    ref: ResourceRef,
    name: string,
    options?: DeleteOptions,
  ): Promise<DeleteResult<T>>;
  /** Resolves when elected (`elected`), or after `waitMs` with the leader there is. */
  campaign(
    request: CampaignRequest,
    signal?: AbortSignal,
  ): Promise<{ elected: boolean; leader: Leader }>;
  /** Throws `fenced` where the token no longer leads. */
  renew(fence: Fence, identity: string): Promise<void>;
  resign(fence: Fence, identity: string): Promise<void>;
  logs(namespace: string, name: string, options?: LogOptions): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}
