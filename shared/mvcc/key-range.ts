import { type Key, zeroKey } from './types.ts';

/** Above every key: keys are latin1. */
export const infinity = '\u{ffff}';

/** The end of a request's range; undefined where the request means the one key. */
export function endOf(rangeEnd: Key | undefined): Key | undefined {
  if (rangeEnd === undefined || rangeEnd === '') return undefined;
  return rangeEnd === zeroKey ? infinity : rangeEnd;
}

/** The smallest string above `key`: [key, after(key)) holds that key alone. */
export function after(key: Key): Key {
  return `${key}\0`;
}
