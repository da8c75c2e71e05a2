import { expect, test } from 'vitest';
import { BrokenPromise } from '#shared/checks';
import { checkLiveBytes } from './live-bytes.ts';

const backend = (liveBytes: number) => ({
  liveBytes,
  *scan() {
    yield [Buffer.from('key'), Buffer.from('value')] as const;
    yield [Buffer.from('k'), Buffer.from('')] as const;
  },
});

test('all that is there is counted, once', () => {
  checkLiveBytes('m1', backend(9));
  expect(() => checkLiveBytes('m1', backend(8))).toThrow(BrokenPromise);
  expect(() => checkLiveBytes('m1', backend(14))).toThrow(BrokenPromise);
});
