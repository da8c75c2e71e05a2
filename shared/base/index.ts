export { AssertionError, assert, assertNever, must } from './assert.ts';
export {
  type ErrorCode,
  type ErrorCodeInfo,
  type ErrorDetails,
  errorCodes,
  type FieldCause,
  QuorateError,
  messageOf,
} from './errors.ts';
export { Heap } from './heap.ts';
export { type IpRange, parseIpRange } from './ip-range.ts';
export { LargeMap } from './large-map.ts';
export { LargeSet } from './large-set.ts';
export { OrderedMap, type Summary } from './ordered-map.ts';
export { type PortRange, parsePortRange } from './port-range.ts';
export { createRng, type Rng } from './random.ts';
