import { expect, test } from 'vitest';
import { Mvcc } from './mvcc.ts';
import { MemoryBackend } from './testing/memory-backend.ts';

function store(...leases: readonly (readonly [bigint, number])[]): Mvcc {
  const mvcc = new Mvcc(new MemoryBackend());
  for (const [id, ttl] of leases) mvcc.leaseGrant(id, ttl);
  return mvcc;
}

test('only a promoted lessor counts time', () => {
  const { leases } = store([1n, 10]);
  expect(leases.expired(1e9, 10)).toEqual([]);
  leases.promote(1000, 500);
  expect(leases.nextExpiryMs(1000)).toBe(11_500);
  expect(leases.expired(11_499, 10)).toEqual([]);
  expect(leases.expired(11_500, 10)).toEqual([1n]);
  leases.demote();
  expect(leases.expired(1e9, 10)).toEqual([]);
});

test('the longest due comes first, and again only after three seconds', () => {
  const mvcc = store([1n, 30], [2n, 10], [3n, 20]);
  mvcc.leases.promote(0, 0);
  expect(mvcc.leases.expired(60_000, 2)).toEqual([2n, 3n]);
  expect(mvcc.leases.expired(60_000, 2)).toEqual([1n]);
  mvcc.leaseRevoke(3n);
  expect(mvcc.leases.expired(62_999, 9)).toEqual([]);
  expect(mvcc.leases.expired(63_000, 9)).toEqual([1n, 2n]);
});

test('leases are listed by their deadlines, else as they were granted', () => {
  const { leases } = store([3n, 30], [1n, 20], [2n, 20]);
  expect(leases.byDeadline()).toEqual([3n, 1n, 2n]);
  leases.promote(0, 0);
  expect(leases.byDeadline()).toEqual([1n, 2n, 3n]);
  leases.renew(1n, 5000);
  expect(leases.byDeadline()).toEqual([2n, 1n, 3n]);
});

test('a renewal starts the time anew, unless it comes too late', () => {
  const { leases } = store([1n, 10]);
  leases.promote(0, 0);
  expect(leases.renew(1n, 9000)).toBe(10);
  expect(leases.expired(18_999, 9)).toEqual([]);
  expect(leases.remaining(1n, 18_001)).toBe(0);
  expect(leases.renew(1n, 19_000)).toBeUndefined();
  expect(leases.expired(19_000, 9)).toEqual([1n]);
  expect(leases.renew(2n, 0)).toBeUndefined();
});

test('a lease granted to a leader counts from the next look', () => {
  const mvcc = store();
  mvcc.leases.promote(0, 0);
  mvcc.leaseGrant(5n, 10);
  mvcc.leases.schedule(1000);
  expect(mvcc.leases.remaining(5n, 1000)).toBe(10);
  expect(mvcc.leases.expired(10_999, 9)).toEqual([]);
  expect(mvcc.leases.expired(11_000, 9)).toEqual([5n]);
});

test('a new leader spreads what would fall due at once', () => {
  const mvcc = new Mvcc(new MemoryBackend());
  for (let id = 1n; id <= 2000n; id++) mvcc.leaseGrant(id, 10);
  mvcc.leases.promote(0, 0);
  expect(mvcc.leases.expired(10_000, 5000)).toHaveLength(750);
  expect(mvcc.leases.expired(11_000, 5000)).toHaveLength(750);
  expect(mvcc.leases.expired(12_000, 5000)).toHaveLength(500);
});

test('a checkpoint shortens what the next leader grants, and survives a restart', () => {
  const backend = new MemoryBackend();
  const mvcc = new Mvcc(backend);
  mvcc.leaseGrant(1n, 100);
  mvcc.leaseCheckpoint(1n, 40);
  const restored = new Mvcc(backend);
  restored.restore();
  restored.leases.promote(0, 0);
  expect(restored.leases.remaining(1n, 0)).toBe(40);
  expect(restored.leases.renew(1n, 0)).toBe(100);
});

test('long leases are named for a checkpoint once an interval, and not what was just renewed', () => {
  const mvcc = store([1n, 100], [2n, 100], [3n, 20]);
  const { leases } = mvcc;
  leases.promote(0, 0, 30_000);
  expect(leases.checkpointsDue(29_999, 9)).toEqual([]);
  leases.renew(2n, 30_000);
  expect(leases.checkpointsDue(30_000, 9)).toEqual([{ id: 1n, remainingSeconds: 70 }]);
  mvcc.leaseCheckpoint(1n, 70);
  expect(leases.checkpointsDue(59_999, 9)).toEqual([]);
  expect(leases.checkpointsDue(60_000, 1)).toHaveLength(1);
  expect(leases.checkpointsDue(60_000, 9)).toHaveLength(1);
  mvcc.leaseCheckpoint(1n, 20);
  expect(leases.checkpointsDue(90_000, 9)).toEqual([{ id: 2n, remainingSeconds: 40 }]);
});

test('a checkpoint leaves a lease no less than it has', () => {
  const { leases } = store([1n, 100]);
  leases.promote(0, 0, 30_000);
  expect(leases.checkpointsDue(30_500, 9)).toEqual([{ id: 1n, remainingSeconds: 70 }]);
});

test('a lease that was granted again under its id is named once, and only by its own time', () => {
  const mvcc = store([1n, 100]);
  const { leases } = mvcc;
  leases.promote(0, 0, 30_000);
  mvcc.leaseRevoke(1n);
  mvcc.leaseGrant(1n, 90);
  leases.schedule(10_000);
  expect(leases.checkpointsDue(30_000, 9)).toEqual([]);
  expect(leases.checkpointsDue(60_000, 9)).toEqual([{ id: 1n, remainingSeconds: 40 }]);
  expect(leases.expired(100_000, 9)).toEqual([1n]);
});

test('without an interval nothing is named, nor after leadership is lost', () => {
  const { leases } = store([1n, 1000]);
  leases.promote(0, 0);
  expect(leases.checkpointsDue(999_000, 9)).toEqual([]);
  leases.promote(0, 0, 10_000);
  leases.demote();
  expect(leases.checkpointsDue(999_000, 9)).toEqual([]);
});

test('negative ids are as good as others', () => {
  const mvcc = store([-5n, 10]);
  mvcc.put({ key: 'a', value: new Uint8Array(0), lease: -5n });
  expect(mvcc.leases.info(-5n)?.keys).toEqual(['a']);
  expect(mvcc.leaseRevoke(-5n).events).toHaveLength(1);
  expect(mvcc.leases.ids()).toEqual([]);
});
