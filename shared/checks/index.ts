export {
  type Answer,
  answerText,
  type Call,
  callText,
  type CompactCall,
  type Condition,
  type DeleteCall,
  type History,
  type KnownKv,
  type LeaseGrantCall,
  type LeaseRevokeCall,
  type Operation,
  operationText,
  type PutCall,
  type RangeCall,
  type Remark,
  type TxnCall,
  type Watch,
  type WatchedEvent,
  type WatchMessage,
} from './history.ts';
export {
  checkLinearizable,
  type LinearizabilityOptions,
  type LinearizabilityVerdict,
  type Violation,
} from './linearizability/check.ts';
export { timeline } from './timeline.ts';
export { inRange } from './history.ts';
export { checkLease, checkLeaseEnds, type LeaseRecord, type LeaseTolerance } from './lease.ts';
export { BrokenPromise } from './raft/broken-promise.ts';
export { CommittedKept } from './raft/committed-kept.ts';
export { ElectionSafety } from './raft/election-safety.ts';
export { LeaderCompleteness } from './raft/leader-completeness.ts';
export { LinearizableReads } from './raft/linearizable-reads.ts';
export { LogMatching } from './raft/log-matching.ts';
export { StateMachineSafety } from './raft/state-machine-safety.ts';
export { checkResumed, type EventLog, WatchCheck } from './watch.ts';
export { checkWatches, type WatchVerdict } from './watches.ts';
