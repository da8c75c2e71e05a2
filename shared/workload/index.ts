export { apiWorkload } from './api-workload.ts';
export { decodeHistory, encodeHistory, type RecordedHistory } from './history-file.ts';
export { kvWorkload, prefixEnd, type WorkloadOptions } from './kv-workload.ts';
export { Listener } from './listener.ts';
export { Recorder } from './recorder.ts';
export {
  deleteAnswer,
  deleteCall,
  putAnswer,
  putCall,
  rangeAnswer,
  rangeCall,
  txnAnswer,
  txnCall,
} from './to-history.ts';
