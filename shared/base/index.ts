export { AssertionError, assert, assertNever, must } from './assert.ts';
export {
  type ErrorCode,
  type ErrorCodeInfo,
  type ErrorDetails,
  errorCodes,
  type FieldCause,
  QuorateError,
} from './errors.ts';
export { createRng, type Rng } from './random.ts';
