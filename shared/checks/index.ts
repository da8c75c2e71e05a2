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
