import { expect, test } from 'vitest';
import type { Message } from '#shared/raft';
import { SnapshotTraffic } from './snapshots.ts';
import type { MemberStorage } from './storage.ts';

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
  const parts = { storage, transport: undefined as never, log: silent };
  const snapshots = new SnapshotTraffic(parts, { step: () => undefined, sent: () => undefined });
  const arrive = (index: number): Promise<void> => {
    const snapshot = { metadata: { index, term: 1, confState }, data: new Uint8Array() };
    const message: Message = { type: 'snapshot', from: 2, to: 1, term: 1, snapshot };
    return snapshots.receive(message, (async function* () {})());
  };
  return { done, snapshots, arrive };
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
