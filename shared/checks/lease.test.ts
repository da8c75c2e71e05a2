import { expect, test } from 'vitest';
import { checkLease, checkLeaseEnds, type LeaseRecord } from './lease.ts';
import { BrokenPromise } from './raft/broken-promise.ts';

const lease: LeaseRecord = {
  lease: '7',
  ttlSeconds: 3,
  grantedFromMs: 1000,
  renewals: [{ fromMs: 3000, toMs: 3050, ttlSeconds: 3 }],
  revokedByClient: false,
  endedMs: 6100,
};
const exact = { clockRate: 1 };

test('a lease lives as long as its holder was promised', () => {
  checkLease(lease, exact);
  checkLease({ ...lease, endedMs: undefined }, exact);
  expect(() => checkLease({ ...lease, endedMs: 5900 }, exact)).toThrow(BrokenPromise);
  checkLease({ ...lease, endedMs: 5900 }, { clockRate: 1.1 });
  checkLease({ ...lease, endedMs: 5900, revokedByClient: true }, exact);
});

test('a lease that has ended is never renewed', () => {
  const renewals = [{ fromMs: 6200, toMs: 6300, ttlSeconds: 3 }];
  expect(() => checkLease({ ...lease, renewals }, exact)).toThrow(BrokenPromise);
});

test('a lease that nobody renews ends', () => {
  const open = { ...lease, endedMs: undefined };
  checkLeaseEnds(open, 6500, 1000);
  expect(() => checkLeaseEnds(open, 7100, 1000)).toThrow(BrokenPromise);
});
