import { AssertionError } from '#shared/base';
import type { ConfChange } from './types.ts';

export function encodeConfChange(_change: ConfChange): Uint8Array {
  throw new AssertionError('being written');
}

export function decodeConfChange(_data: Uint8Array): ConfChange {
  throw new AssertionError('being written');
}
