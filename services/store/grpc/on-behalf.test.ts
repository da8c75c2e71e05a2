import { EventEmitter } from 'node:events';
import { Metadata } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ManualClock } from '#shared/clock';
import type { KvClient } from '#shared/client';
import { MvccKv } from '../../../shared/client/testing/mvcc-kv.ts';
import type { Authority } from '../auth/authority.ts';
import type { Caller } from '../auth/caller.ts';
import { authErrors } from '../auth/errors.ts';
import { lock } from '../recipes/lock.ts';
import type { Leases } from '../serve/leases.ts';
import type { Serving } from '../serve/context.ts';
import { clientOfCall } from './client-of-call.ts';
import type { Gate } from './gate.ts';
import { leaseHandlers } from './lease.ts';
import { watchHandlers, type WatchStreams } from './watch.ts';

/** Of the table of users: whoever was known by an older one is refused. */
let revision: number;
/** It changes just after the next caller is known. */
let changes: boolean;
beforeEach(() => {
  revision = 1;
  changes = false;
});

const gate: Gate = {
  hasLeader: () => true,
  untilLeaderLost: () => () => undefined,
  isLearner: () => false,
  callerOf: () => {
    const caller = { user: 'alice', authRevision: revision };
    if (changes) revision++;
    changes = false;
    return Promise.resolve(caller);
  },
  authority: () => ({ checkRead: check }) as unknown as Authority,
};

function check({ authRevision }: Caller): void {
  if (authRevision < revision) throw authErrors.oldRevision();
}

/** A call that streams both ways, and what was written to it. */
class Call extends EventEmitter {
  readonly metadata = new Metadata();
  readonly cancelled = false;
  readonly written: unknown[] = [];
  readonly write = (message: unknown): boolean => this.written.push(message) > 0;
  readonly pause = vi.fn();
  readonly resume = vi.fn();
}

/** Lets what promises hold come. */
const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

test('a watch is created for whom the table of users has changed meanwhile', async () => {
  const created: string[] = [];
  const streams = {
    open: () => ({
      create: ({ key }: { key: string }) => created.push(key),
      refuse: (reason: string) => created.push(`refused: ${reason}`),
    }),
    close: () => undefined,
  } as unknown as WatchStreams;
  const call = new Call();
  (watchHandlers(streams, gate) as { Watch: (call: Call) => void }).Watch(call);
  const watch = (key: string): void => {
    const request = { key: Buffer.from(key), range_end: '', filters: [], watch_id: '0' };
    call.emit('data', { create_request: request });
  };
  changes = true;
  watch('a');
  watch('b');
  await settle();
  expect(created).toEqual(['a', 'b']);
});

test('a lease is kept alive for whom the table of users has changed meanwhile', async () => {
  const leases = {
    renew: (_id: bigint, caller: Caller) => Promise.resolve(check(caller)).then(() => 5),
  } as unknown as Leases;
  const serving = {
    shown: { memberId: 1n, clusterId: 1n },
    state: { mvcc: { revision: 1 } },
    node: { term: 1 },
  } as unknown as Serving;
  const handlers = leaseHandlers(leases, serving, gate) as unknown as {
    LeaseKeepAlive: (call: Call) => void;
  };
  const call = new Call();
  const failed = vi.fn();
  call.on('error', failed);
  handlers.LeaseKeepAlive(call);
  changes = true;
  call.emit('data', { ID: '7' });
  await settle();
  expect(failed).not.toHaveBeenCalled();
  expect(call.written).toMatchObject([{ ID: '7', TTL: 5 }]);
});

let clock: ManualClock;
let kv: MvccKv;
beforeEach(() => {
  clock = new ManualClock();
  kv = new MvccKv(clock);
});
afterEach(() => kv.close());

/** The store as it is for a caller: each thing asked for is checked. */
const clientFor = (caller: Caller): KvClient => ({
  range: async (request) => (check(caller), kv.range(request)),
  put: async (request) => (check(caller), kv.put(request)),
  deleteRange: async (request) => (check(caller), kv.deleteRange(request)),
  txn: async (request) => (check(caller), kv.txn(request)),
  compact: async (at) => (check(caller), kv.compact(at)),
  leaseGrant: async (request) => (check(caller), kv.leaseGrant(request)),
  leaseRevoke: async (id) => (check(caller), kv.leaseRevoke(id)),
  leaseKeepAlive: async (id) => (check(caller), kv.leaseKeepAlive(id)),
  watch(request, handler) {
    try {
      check(caller);
    } catch (thrown) {
      queueMicrotask(() => handler.ended(thrown as Error));
      return { requestProgress: () => undefined, cancel: () => undefined };
    }
    return kv.watch(request, handler);
  },
  close: () => Promise.resolve(),
});

test('whoever waits for a lock keeps the place and the lease though the table of users changes, and gets it', async () => {
  const parts = { kv: clientOfCall(gate, new Call(), clientFor), clock };
  const forever = new AbortController().signal;
  const holder = await kv.leaseGrant({ ttlSeconds: 1000 });
  const held = await lock({ kv, clock }, 'L', holder.id, forever);
  await kv.leaseGrant({ id: 9n, ttlSeconds: 10 });
  const waiting = lock(parts, 'L', 9n, forever);
  for (let i = 0; i < 30; i++) {
    changes = true;
    await clock.advance(1000);
  }
  const puts = vi.spyOn(kv, 'txn');
  changes = true;
  await kv.deleteRange({ key: held.key });
  for (let i = 0; i < 5; i++) await clock.advance(0);
  expect((await waiting).key).toBe('L/9');
  expect(puts).not.toHaveBeenCalled();
});

test('what was done is not done again', async () => {
  const client = clientOfCall(gate, new Call(), clientFor);
  for (let i = 0; i < 5; i++) {
    changes = true;
    await client.put({ key: 'k', value: Buffer.from('v') });
  }
  const { kvs } = await kv.range({ key: 'k' });
  expect(kvs[0]?.version).toBe(5);
});

test('a watch that is cancelled before it is known who calls is not begun', async () => {
  const watches = vi.spyOn(kv, 'watch');
  const client = clientOfCall(gate, new Call(), clientFor);
  const ended = vi.fn();
  client.watch({ key: 'k' }, { events: () => undefined, ended }).cancel();
  await settle();
  expect(watches).not.toHaveBeenCalled();
  expect(ended).not.toHaveBeenCalled();
});
