export {
  bearer,
  type CallLimits,
  connect,
  deadlineIn,
  requireLeader,
  serverStream,
  unary,
  type UnaryMethod,
  wasNeverSent,
} from './channel.ts';
export { turnToAnswer } from './direct-unary.ts';
export {
  type DuplexCall,
  duplexCall,
  type ServedDuplex,
  serveDuplex,
} from './duplex.ts';
export { fromServiceError, toStatus } from './errors.ts';
export { healthService } from './health.ts';
export { loadProto } from './load.ts';
export { addReflection } from './reflection.ts';
export { packageRoot, protoRoot } from './proto-root.ts';
export { serveDirectly } from './serve-directly.ts';
export { createServer, handleUnary, type Inject, injector, listen, shutdown } from './server.ts';
export {
  type ClientTls,
  listenTls,
  type ServerTls,
  type TlsListener,
} from './tls.ts';
export {
  deleteRangeFromWire,
  deleteRangeToWire,
  keyFromWire,
  keyToWire,
  putFromWire,
  putToWire,
  rangeFromWire,
  rangeToWire,
  txnFromWire,
  txnToWire,
  integerFromWire,
} from './etcd/requests.ts';
export {
  deleteRangeResultFromWire,
  deleteRangeResultToWire,
  eventFromWire,
  eventToWire,
  headerFromWire,
  headerToWire,
  keyValueFromWire,
  keyValueToWire,
  putResultFromWire,
  putResultToWire,
  rangeResultFromWire,
  rangeResultToWire,
  txnResultFromWire,
  txnResultToWire,
} from './etcd/responses.ts';
export { stoppingError, streamOut } from './stream-out.ts';
