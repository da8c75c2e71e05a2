export type { Backend } from './backend.ts';
export {
  type CheckLimits,
  checkDeleteRange,
  checkLeaseGrant,
  checkPut,
  checkRange,
  checkTxn,
  isTxnReadOnly,
  isTxnSerializable,
} from './checks.ts';
export type { HashKvResult } from './hash.ts';
export {
  type HistoryChange,
  historyIn,
  historyRecord,
  type HistoryRecord,
} from './history-record.ts';
export { type LeaseCheckpoint, type LeaseInfo, Lessor, maxLeaseTtlSeconds } from './lessor.ts';
export {
  type Applied,
  type EventsSlice,
  Mvcc,
  type MvccOptions,
} from './mvcc.ts';
export { allRevisions, decodeRevisionKey, isRevisionKey } from './records.ts';
export { RevisionReader } from './revision-reader.ts';
export type {
  Compare,
  CompareResult,
  DeleteRangeRequest,
  DeleteRangeResult,
  Event,
  Key,
  KeyValue,
  LeaseId,
  PutRequest,
  PutResult,
  RangeRequest,
  RangeResult,
  RequestOp,
  ResponseHeader,
  ResponseOp,
  SortOrder,
  SortTarget,
  TxnRequest,
  TxnResult,
  WatchRequest,
} from './types.ts';
export { zeroKey } from './types.ts';
export { type Watcher, WatchHub, type WatchSink, type WatchSource } from './watch-hub.ts';
