import { expect, test } from 'vitest';
import { ManualClock } from '#shared/clock';
import type { Message } from '#shared/raft';
import { SnapshotTraffic } from './snapshots.ts';
import type { MemberBackend, MemberStorage } from './storage.ts';
import type { PeerTransport } from './transport.ts';

const confState = {
  voters: [1],
  learners: [],
  votersOutgoing: [],
  learnersNext: [],
  autoLeave: false,
};
const silent = { debug() {}, info() {}, warn() {}, error() {}, child: () => silent };

/** A disk that only tells what is done to it. */
function traffic() {
  const done: string[] = [];
  let number = 0;
  const storage = {
    stage: () => Promise.resolve({ number: ++number }),
    discard: ({ number: which }: { number: number }) => {
      done.push(`discard ${which}`);
      return Promise.resolve();
    },
    install: ({ number: which }: { number: number }) => {
      done.push(`install ${which}`);
      return Promise.resolve();
    },
    dropReplaced: () => {
      done.push('drop the old one');
      return Promise.resolve();
    },
  } as unknown as MemberStorage;
  const parts = { storage, transport: undefined as never, log: silent, clock: new ManualClock() };
  let hears = true;
  const snapshots = new SnapshotTraffic(parts, { step: () => hears, sent: () => undefined });
  const arrive = (index: number): Promise<void> => {
    const snapshot = { metadata: { index, term: 1, confState }, data: new Uint8Array() };
    const message: Message = { type: 'snapshot', from: 2, to: 1, term: 1, snapshot };
    return snapshots.receive(message, (async function* () {})());
  };
  const ignored = async (index: number): Promise<void> => {
    hears = false;
    await arrive(index);
    hears = true;
  };
  return { done, snapshots, arrive, ignored };
}

const hardState = { term: 1, vote: 0, commit: 0 };

test('a snapshot that arrives while another one waits to be installed does not take its place', async () => {
  const { done, snapshots, arrive } = traffic();
  await arrive(5);
  snapshots.taken(5);
  await arrive(7);
  const use = (): void => {
    expect(snapshots.installing).toBe(true);
    done.push('use it');
  };
  await snapshots.install(5, hardState, use);
  snapshots.taken(7);
  await snapshots.install(7, hardState, use);
  const drop = 'drop the old one';
  expect(done).toEqual(['install 1', 'use it', drop, 'install 2', 'use it', drop]);
});

test('of those that raft did not take only the newest is kept', async () => {
  const { done, snapshots, arrive } = traffic();
  await arrive(5);
  await arrive(7);
  await arrive(6);
  expect(done).toEqual(['discard 1', 'discard 3']);
  snapshots.taken(7);
  expect(() => snapshots.taken(6)).toThrow(/not here/);
});

test('one that raft does not listen to keeps no place from the next leader’s', async () => {
  const { done, snapshots, arrive, ignored } = traffic();
  await ignored(7);
  await arrive(6);
  expect(done).toEqual(['discard 1']);
  snapshots.taken(6);
});

test('whoever cannot take a snapshot is sent it less and less often, until he comes anew or has it', async () => {
  const clock = new ManualClock();
  let fails = true;
  let attempts = 0;
  const transport = {
    sendSnapshot: () => {
      attempts++;
      return fails ? Promise.reject(new Error('no room')) : Promise.resolve();
    },
  } as unknown as PeerTransport;
  const applied = { index: 5, term: 1, confState };
  const outgoing = { applied, chunks: async function* () {}, close: () => Promise.resolve() };
  const backend = { snapshot: () => Promise.resolve(outgoing) } as unknown as MemberBackend;
  const metadata = { index: 5, term: 1, confState };
  const message = {
    type: 'snapshot',
    from: 1,
    to: 2,
    term: 1,
    snapshot: { metadata, data: new Uint8Array() },
  } as const;
  // As raft does it: at once.
  const snapshots: SnapshotTraffic = new SnapshotTraffic(
    { storage: undefined as never, transport, log: silent, clock },
    {
      step: () => true,
      sent: (_to, ok) => {
        if (!ok) snapshots.send(message, backend);
      },
    },
  );
  const within = async (ms: number): Promise<number> => {
    const before = attempts;
    for (let i = 0; i < ms; i += 100) await clock.advance(100);
    return attempts - before;
  };
  snapshots.send(message, backend);
  expect(await within(100)).toBe(2);
  expect(await within(4000)).toBe(3);
  expect(await within(60_000)).toBeLessThanOrEqual(8);
  snapshots.connected(2);
  expect(await within(100)).toBe(2);
  fails = false;
  expect(await within(60_000)).toBe(1);
  snapshots.stop();
});
