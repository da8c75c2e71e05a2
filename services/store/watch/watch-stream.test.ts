import { expect, test } from 'vitest';
import { type Event, Mvcc, WatchHub } from '#shared/mvcc';
import { MemoryStorage } from '../testing/memory-storage.ts';
import { type WatchCreate, type WatchReply, WatchStream } from './watch-stream.ts';

const noMembers = {
  voters: [],
  learners: [],
  votersOutgoing: [],
  learnersNext: [],
  autoLeave: false,
};

/** A store with one stream; `slow` makes its consumer refuse. */
function streamOver(maxReplyBytes = 1 << 20) {
  const mvcc = new Mvcc(new MemoryStorage(noMembers).backend);
  const hub = new WatchHub(mvcc);
  const replies: WatchReply[] = [];
  const consumer = { slow: false };
  const stream = new WatchStream({
    hub,
    header: (revision) => ({ clusterId: 1n, memberId: 2n, revision, raftTerm: 3 }),
    send: (reply) => {
      replies.push(reply);
      return !consumer.slow;
    },
    wake: () => undefined,
    maxReplyBytes,
  });
  const put = (key: string, size = 1): void => {
    const { revision, events } = mvcc.put({ key, value: new Uint8Array(size) });
    hub.notify(revision, events);
  };
  const sync = (): void => {
    while (hub.syncSlice(100));
    stream.answerProgress();
  };
  return { mvcc, hub, stream, replies, consumer, put, sync };
}

const all: WatchCreate = { key: '\0', rangeEnd: '\0', watchId: 0n, fragment: false };
const turn = (): Promise<void> => Promise.resolve();
const revisions = (events: readonly Event[] = []): number[] =>
  events.map(({ kv }) => kv.modRevision);

test('a watch is created before its events, and one turn is one reply', async () => {
  const { stream, replies, put } = streamOver();
  stream.create(all);
  stream.create({ ...all, key: 'b', rangeEnd: undefined });
  put('a');
  put('b');
  await turn();
  expect(replies.map(({ watchId, created }) => [watchId, created ?? false])).toEqual([
    [0n, true],
    [1n, true],
    [0n, false],
    [1n, false],
  ]);
  expect(revisions(replies[2]?.events)).toEqual([2, 3]);
  expect(revisions(replies[3]?.events)).toEqual([3]);
});

test('invalid creates are answered with created, canceled and why', () => {
  const { stream, replies } = streamOver();
  stream.create({ ...all, watchId: 7n });
  stream.create({ ...all, watchId: 7n });
  stream.create({ ...all, key: 'b', rangeEnd: 'a' });
  stream.create({ ...all, startRevision: -5 });
  expect(replies.slice(1)).toMatchObject([
    {
      watchId: -1n,
      created: true,
      canceled: true,
      cancelReason: 'mvcc: duplicate watch ID provided on the WatchStream',
    },
    { watchId: -1n, created: true, canceled: true, cancelReason: 'mvcc: watcher range is empty' },
    {
      watchId: -1n,
      created: true,
      canceled: true,
      cancelReason: 'etcdserver: mvcc: required revision has been compacted',
    },
  ]);
});

test('a slow consumer gets nothing more until it takes more, and then everything', async () => {
  const { stream, replies, consumer, put, sync } = streamOver();
  stream.create(all);
  consumer.slow = true;
  put('first');
  await turn();
  const before = replies.length;
  for (let i = 0; i < 1000; i++) put(`k${i}`);
  await turn();
  expect(replies.length).toBe(before);
  consumer.slow = false;
  stream.drained();
  sync();
  await turn();
  const seen = replies.flatMap(({ events }) => revisions(events));
  expect(seen).toEqual(Array.from({ length: 1001 }, (_, i) => i + 2));
});

test('a stream that ends tells no progress of watches that were behind', async () => {
  const { stream, replies, put, sync } = streamOver();
  put('a');
  stream.create({ ...all, startRevision: 1 });
  stream.requestProgress();
  stream.close();
  sync();
  await turn();
  expect(replies.map(({ created }) => created)).toEqual([true]);
});

test('progress is answered for the whole stream once every watch has everything', async () => {
  const { stream, replies, put, sync } = streamOver();
  for (let i = 0; i < 300; i++) put('k');
  stream.create({ ...all, startRevision: 2 });
  stream.requestProgress();
  expect(replies).toHaveLength(1);
  sync();
  await turn();
  expect(replies.at(-1)).toMatchObject({ watchId: -1n, header: { revision: 301 } });
  expect(replies.flatMap(({ events }) => revisions(events))).toHaveLength(300);
});

test('a compacted start ends the watch and says from where it could go on', () => {
  const { mvcc, stream, replies, put, sync } = streamOver();
  for (let i = 0; i < 5; i++) put('k');
  mvcc.compact(5);
  stream.create({ ...all, startRevision: 2 });
  sync();
  expect(replies.slice(1)).toMatchObject([{ watchId: 0n, canceled: true, compactRevision: 5 }]);
});

test('too large a reply is split where the client allows it', async () => {
  const { stream, replies, put } = streamOver(1000);
  stream.create({ ...all, fragment: true });
  stream.create(all);
  put('big', 600);
  put('big2', 600);
  await turn();
  const events = replies.filter((reply) => reply.events);
  expect(events.map(({ watchId, fragment }) => [watchId, fragment])).toEqual([
    [0n, true],
    [0n, false],
    [1n, false],
  ]);
});

test('after a cancel nothing more comes', async () => {
  const { hub, stream, replies, put } = streamOver();
  stream.create(all);
  put('a');
  stream.cancel(0n);
  put('b');
  stream.cancel(99n);
  await turn();
  expect(replies.map(({ events, canceled }) => canceled ?? revisions(events))).toEqual([
    [],
    [2],
    true,
  ]);
  expect(hub.size).toBe(0);
});
