/**
 * The etcd v3 data model as plain values: what KV, Watch and Lease requests and responses mean,
 * without protobuf. The store's gRPC services, the in-process client and the API server all speak
 * these types.
 *
 * A `Key` holds one byte per character (latin1): JavaScript compares such strings in byte order,
 * hashes them, and keeps them at one byte a character. Values stay bytes, and nobody changes them.
 */
export type Key = string;

/** The smallest key there is; as a `rangeEnd` it means "no upper end" (etcd's `\0`). */
export const zeroKey: Key = '\0';

/** A 64-bit lease id; `0n` is none. */
export type LeaseId = bigint;

export interface KeyValue {
  readonly key: Key;
  readonly value: Uint8Array;
  /** Revision of the creation in this life of the key. */
  readonly createRevision: number;
  readonly modRevision: number;
  /** 1 at creation, one more with each put, 0 in a delete event. */
  readonly version: number;
  readonly lease: LeaseId;
}

/** Fields of every response: who answered, and at which revision. */
export interface ResponseHeader {
  readonly clusterId: bigint;
  readonly memberId: bigint;
  readonly revision: number;
  readonly raftTerm: number;
}

export type SortOrder = 'none' | 'ascend' | 'descend';
export type SortTarget = 'key' | 'version' | 'create' | 'mod' | 'value';

export interface RangeRequest {
  readonly key: Key;
  /** Absent: the one key. `zeroKey`: all keys from `key` on. Else: keys in [key, rangeEnd). */
  readonly rangeEnd?: Key | undefined;
  /** 0 or absent: no limit. */
  readonly limit?: number | undefined;
  /** 0 or absent: now. */
  readonly revision?: number | undefined;
  readonly sortOrder?: SortOrder | undefined;
  readonly sortTarget?: SortTarget | undefined;
  /** Answer from this member's own state, without asking a quorum. */
  readonly serializable?: boolean | undefined;
  readonly keysOnly?: boolean | undefined;
  readonly countOnly?: boolean | undefined;
  readonly minModRevision?: number | undefined;
  readonly maxModRevision?: number | undefined;
  readonly minCreateRevision?: number | undefined;
  readonly maxCreateRevision?: number | undefined;
}

export interface RangeResult {
  readonly kvs: readonly KeyValue[];
  readonly more: boolean;
  /** All keys in the range, before limit and filters. */
  readonly count: number;
}

export interface PutRequest {
  readonly key: Key;
  readonly value: Uint8Array;
  readonly lease?: LeaseId | undefined;
  readonly prevKv?: boolean | undefined;
  readonly ignoreValue?: boolean | undefined;
  readonly ignoreLease?: boolean | undefined;
}

export interface PutResult {
  readonly prevKv?: KeyValue | undefined;
}

export interface DeleteRangeRequest {
  readonly key: Key;
  readonly rangeEnd?: Key | undefined;
  readonly prevKv?: boolean | undefined;
}

export interface DeleteRangeResult {
  readonly deleted: number;
  readonly prevKvs: readonly KeyValue[];
}

export type CompareResult = 'equal' | 'greater' | 'less' | 'not-equal';

/** One condition of a transaction; with a `rangeEnd` it must hold for every key in the range. */
export type Compare = {
  readonly key: Key;
  readonly rangeEnd?: Key | undefined;
  readonly result: CompareResult;
} & (
  | { readonly target: 'version' | 'create' | 'mod'; readonly revision: number }
  | { readonly target: 'value'; readonly value: Uint8Array }
  | { readonly target: 'lease'; readonly lease: LeaseId }
);

export type RequestOp =
  | { readonly type: 'range'; readonly range: RangeRequest }
  | { readonly type: 'put'; readonly put: PutRequest }
  | { readonly type: 'deleteRange'; readonly deleteRange: DeleteRangeRequest }
  | { readonly type: 'txn'; readonly txn: TxnRequest };

export interface TxnRequest {
  readonly compare: readonly Compare[];
  readonly success: readonly RequestOp[];
  readonly failure: readonly RequestOp[];
}

/** Each operation's answer carries the revision it saw, as etcd's headers inside a txn do. */
export type ResponseOp =
  | { readonly type: 'range'; readonly revision: number; readonly range: RangeResult }
  | { readonly type: 'put'; readonly revision: number; readonly put: PutResult }
  | {
      readonly type: 'deleteRange';
      readonly revision: number;
      readonly deleteRange: DeleteRangeResult;
    }
  | { readonly type: 'txn'; readonly revision: number; readonly txn: TxnResult };

export interface TxnResult {
  readonly succeeded: boolean;
  readonly responses: readonly ResponseOp[];
}

/** A delete event's `kv` has only `key` and `modRevision` (the rest zero or empty). */
export interface Event {
  readonly type: 'put' | 'delete';
  readonly kv: KeyValue;
  readonly prevKv?: KeyValue | undefined;
}

export interface WatchRequest {
  readonly key: Key;
  readonly rangeEnd?: Key | undefined;
  /** First revision wanted; 0 or absent: from the next change on. */
  readonly startRevision?: number | undefined;
  readonly prevKv?: boolean | undefined;
  readonly progressNotify?: boolean | undefined;
  readonly filters?: readonly ('no-put' | 'no-delete')[] | undefined;
}
