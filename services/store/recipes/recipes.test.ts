import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '#shared/clock';
import { MvccKv } from '../../../shared/client/testing/mvcc-kv.ts';
import { campaign, leader, observe, proclaim, resign } from './election.ts';
import { lock } from './lock.ts';
import type { RecipeParts } from './session.ts';

const forever = new AbortController().signal;
const bytes = (text: string): Buffer => Buffer.from(text);
const text = (value: Uint8Array): string => Buffer.from(value).toString();

let clock: ManualClock;
let kv: MvccKv;
let parts: RecipeParts;

beforeEach(() => {
  clock = new ManualClock();
  kv = new MvccKv(clock);
  parts = { kv, clock };
});
afterEach(() => kv.close());

/** Lets everything that is on its way arrive. */
async function settle(): Promise<void> {
  for (let i = 0; i < 5; i++) await clock.advance(0);
}

async function keysUnder(prefix: string): Promise<string[]> {
  const { kvs } = await kv.range({ key: `${prefix}/`, rangeEnd: `${prefix}0` });
  return kvs.map(({ key }) => key);
}

describe('locks', () => {
  test('are given in the order of asking', async () => {
    const held: string[] = [];
    const take = async (lease: bigint): Promise<void> => {
      await kv.leaseGrant({ id: lease, ttlSeconds: 60 });
      void lock(parts, 'L', lease, forever).then(({ key }) => held.push(key));
      await settle();
    };
    for (const lease of [0x30n, 0x10n, 0x20n]) await take(lease);
    expect(held).toEqual(['L/30']);
    await kv.deleteRange({ key: 'L/30' });
    await settle();
    expect(held).toEqual(['L/30', 'L/10']);
    await kv.leaseRevoke(0x10n);
    await settle();
    expect(held).toEqual(['L/30', 'L/10', 'L/20']);
  });

  test('asked for again with the same lease are the same lock', async () => {
    await kv.leaseGrant({ id: 7n, ttlSeconds: 60 });
    const first = await lock(parts, 'L', 7n, forever);
    const again = await lock(parts, 'L', 7n, forever);
    expect(again.key).toBe(first.key);
    expect(again.header.revision).toBe(first.header.revision);
    expect(await keysUnder('L')).toEqual(['L/7']);
  });

  test('whoever gives up waiting leaves the queue', async () => {
    const first = await lock(parts, 'L', 0n, forever);
    const gone = new AbortController();
    const waiting = lock(parts, 'L', 0n, gone.signal);
    await settle();
    expect(await keysUnder('L')).toHaveLength(2);
    gone.abort(new Error('context canceled'));
    await expect(waiting).rejects.toThrow('context canceled');
    expect(await keysUnder('L')).toEqual([first.key]);
  });

  test('the lease lives on while its owner waits, and no longer', async () => {
    await lock(parts, 'L', (await kv.leaseGrant({ ttlSeconds: 1000 })).id, forever);
    await kv.leaseGrant({ id: 9n, ttlSeconds: 10 });
    const waiting = lock(parts, 'L', 9n, forever);
    for (let i = 0; i < 30; i++) await clock.advance(1000);
    const [owner = ''] = await keysUnder('L');
    await kv.deleteRange({ key: owner });
    await settle();
    expect((await waiting).key).toBe('L/9');
    for (let i = 0; i < 12; i++) await clock.advance(1000);
    expect(await keysUnder('L')).toEqual([]);
  });

  test('a waiter whose lease is revoked does not get the lock', async () => {
    const { key } = await lock(parts, 'L', 0n, forever);
    await kv.leaseGrant({ id: 9n, ttlSeconds: 10 });
    const waiting = lock(parts, 'L', 9n, forever);
    await settle();
    await kv.leaseRevoke(9n);
    await kv.deleteRange({ key });
    await clock.advance(0);
    await expect(waiting).rejects.toThrow('mutex: session is expired');
  });

  test('an unknown lease is refused', async () => {
    await expect(lock(parts, 'L', 5n, forever)).rejects.toThrow(
      'etcdserver: requested lease not found',
    );
  });
});

describe('elections', () => {
  const run = (value: string, lease = 0n) =>
    campaign(parts, { name: 'E', lease, value: bytes(value) }, forever);

  test('one leads, proclaims, resigns, and the next one follows', async () => {
    const { leadership } = await run('one');
    const second = run('two');
    await settle();
    expect(text((await leader(kv, 'E')).kv.value)).toBe('one');
    await proclaim(kv, leadership, bytes('uno'));
    expect(text((await leader(kv, 'E')).kv.value)).toBe('uno');
    await resign(kv, leadership);
    await settle();
    expect((await leader(kv, 'E')).kv.key).toBe((await second).leadership.key);
  });

  test('who no longer leads cannot proclaim, and resigns without an error', async () => {
    const { leadership } = await run('one');
    const past = { ...leadership, revision: leadership.revision - 1 };
    await expect(proclaim(kv, past, bytes('x'))).rejects.toThrow('election: not leader');
    await resign(kv, past);
    expect(text((await leader(kv, 'E')).kv.value)).toBe('one');
  });

  test('campaigning again announces the new value', async () => {
    await kv.leaseGrant({ id: 3n, ttlSeconds: 60 });
    const { leadership } = await run('one', 3n);
    expect((await run('two', 3n)).leadership).toEqual(leadership);
    expect(text((await leader(kv, 'E')).kv.value)).toBe('two');
  });

  test('without a leader there is an error', async () => {
    await expect(leader(kv, 'E')).rejects.toThrow('election: no leader');
  });

  test('observers see the leader now, and what follows', async () => {
    const stop = new AbortController();
    const seen: string[] = [];
    const observing = (async () => {
      for await (const now of observe(kv, 'E', stop.signal)) seen.push(text(now.kv.value));
    })();
    await settle();
    const { leadership } = await run('one');
    await settle();
    await proclaim(kv, leadership, bytes('uno'));
    await settle();
    const next = run('two');
    await settle();
    await resign(kv, leadership);
    await settle();
    await next;
    expect(seen).toEqual(['one', 'uno', 'two']);
    stop.abort();
    await observing;
  });
});
