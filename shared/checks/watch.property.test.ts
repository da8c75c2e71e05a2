import { expect, inject, test } from 'vitest';
import { createRng, type Rng } from '#shared/base';
import type { KnownKv, Operation, Watch, WatchedEvent, WatchMessage } from './history.ts';
import { BrokenPromise } from './raft/broken-promise.ts';
import { WatchCheck } from './watch.ts';
import { checkWatches } from './watches.ts';

/*
 * etcd's promises written down a second time, with no thought of speed: what a watch was told, put end
 * to end, begins as the list of all that it should be told, and is nowhere cut within a revision.
 */

const seed = inject('seed');
const keys = ['a', 'b', 'c', 'd'];

type Truth = readonly (readonly WatchedEvent[])[];

/** By revision; the first is 2, as in a new etcd. */
function drawTruth(rng: Rng): Truth {
  const there = new Map<string, KnownKv>();
  const truth: WatchedEvent[][] = [[], []];
  for (let mod = 2; mod < 10; mod++) {
    const events: WatchedEvent[] = [];
    for (const key of keys) {
      if (events.length > 0 && rng.int(2) === 0) continue;
      if (rng.int(keys.length) > 0) continue;
      const before = there.get(key);
      if (before && rng.int(3) === 0) {
        there.delete(key);
        events.push({ type: 'delete', kv: { key, mod } });
        continue;
      }
      const version = (before?.version ?? 0) + 1;
      const kv = { key, value: `${mod}`, create: before?.create ?? mod, mod, version, lease: '0' };
      there.set(key, kv);
      events.push({ type: 'put', kv });
    }
    // An order of its own: that of a transaction.
    truth.push(rng.int(2) === 0 ? events : events.toReversed());
  }
  return truth.filter((events, i) => i < 2 || events.length > 0).map(renumbered);
}

const renumbered = (events: readonly WatchedEvent[], mod: number): WatchedEvent[] =>
  events.map(({ type, kv }) => ({ type, kv: { ...kv, mod } }));

function due({ key, rangeEnd, startRevision = 0, filters }: Watch, truth: Truth): WatchedEvent[] {
  const wanted = ({ type, kv }: WatchedEvent): boolean =>
    (rangeEnd === undefined ? kv.key === key : kv.key >= key && kv.key < rangeEnd) &&
    !filters?.includes(type === 'put' ? 'no-put' : 'no-delete');
  return truth.flatMap((events, revision) =>
    revision >= startRevision ? events.filter(wanted) : [],
  );
}

/** What a correct store tells, in batches of whole revisions, with marks in between. */
function drawWatch(rng: Rng, truth: Truth, all = false): Watch {
  const from = all ? 0 : rng.int(3);
  const watch = {
    client: 1,
    key: keys[from] ?? 'a',
    rangeEnd: all || rng.int(3) > 0 ? 'z' : undefined,
    startRevision: all ? 2 : 2 + rng.int(3),
    filters: all || rng.int(4) > 0 ? undefined : (['no-delete'] as const),
  };
  const { startRevision } = watch;
  const upTo = all ? truth.length - 1 : startRevision - 1 + rng.int(truth.length);
  const messages: WatchMessage[] = [];
  let batch: WatchedEvent[] = [];
  for (let revision = startRevision; revision <= Math.min(upTo, truth.length - 1); revision++) {
    batch.push(
      ...due({ ...watch, startRevision: revision, messages: [] }, truth.slice(0, revision + 1)),
    );
    if (rng.int(2) === 0 && revision < upTo) continue;
    if (batch.length > 0) messages.push({ type: 'events', atMs: 0, revision, events: batch });
    batch = [];
    if (rng.int(4) === 0) messages.push({ type: 'progress', atMs: 0, revision });
  }
  return { ...watch, messages };
}

function damaged(rng: Rng, watch: Watch): Watch {
  const messages = [...watch.messages];
  const at = rng.int(Math.max(1, messages.length));
  const message = messages[at];
  if (!message) return watch;
  if (message.type === 'progress') {
    messages[at] = { ...message, revision: message.revision + rng.int(3) };
    return { ...watch, messages };
  }
  if (message.type !== 'events') return watch;
  const { events } = message;
  const one = rng.int(events.length);
  const changed = ((): readonly WatchedEvent[][] => {
    switch (rng.int(6)) {
      case 0:
        return [events.toSpliced(one, 1)];
      case 1:
        return [[...events], [...events]];
      case 2:
        return [events.toReversed()];
      case 3:
        return [events.slice(0, one), events.slice(one)];
      case 4:
        return [events.map((event, i) => (i === one ? altered(event) : event))];
      default:
        return [];
    }
  })();
  const told = changed
    .filter((list) => list.length > 0)
    .map((list) => ({ ...message, events: list }));
  messages.splice(at, 1, ...told);
  return { ...watch, messages };
}

const altered = ({ type, kv }: WatchedEvent): WatchedEvent =>
  type === 'put' ? { type, kv: { ...kv, value: 'x' } } : { type: 'put', kv: { ...kv, value: 'x' } };

/** The promises, by their words. */
function keeps(watch: Watch, truth: Truth): boolean {
  const all = due(watch, truth);
  let told = 0;
  let last = 0;
  for (const message of watch.messages) {
    if (message.type === 'progress') {
      const missing = all.slice(told).some(({ kv }) => (kv.mod ?? 0) <= message.revision);
      if (missing) return false;
      last = Math.max(last, message.revision);
    }
    if (message.type !== 'events') continue;
    for (const event of message.events) {
      const next = all[told++];
      if (JSON.stringify(event) !== JSON.stringify(next)) return false;
      if ((event.kv.mod ?? 0) < last) return false;
    }
    last = Math.max(last, message.events.at(-1)?.kv.mod ?? 0);
    if (message.revision < last) return false;
    const following = all[told];
    if (following && following.kv.mod === message.events.at(-1)?.kv.mod) return false;
  }
  return true;
}

const judged = (watch: Watch, truth: Truth): boolean => {
  try {
    new WatchCheck(watch, { events: (revision) => truth[revision] }).run();
    return true;
  } catch (thrown) {
    if (thrown instanceof BrokenPromise) return false;
    throw thrown;
  }
};

test('the verdict over a watch is that of the promises by their words', () => {
  const seen = { kept: 0, broken: 0 };
  for (let run = 0; run < 1500; run++) {
    const rng = createRng(seed + run);
    const truth = drawTruth(rng);
    const correct = drawWatch(rng, truth);
    const watch = rng.int(3) === 0 ? correct : damaged(rng, correct);
    const expected = keeps(watch, truth);
    seen[expected ? 'kept' : 'broken']++;
    expect(judged(watch, truth), `SEED=${seed + run} ${JSON.stringify({ watch, truth })}`).toBe(
      expected,
    );
  }
  expect(Math.min(seen.kept, seen.broken)).toBeGreaterThan(200);
});

/** Acknowledged writes that did what the truth says, as far as a client can be told. */
function writesOf(rng: Rng, truth: Truth): Operation[] {
  return truth.flatMap((events, revision) => {
    if (events.length === 0 || rng.int(3) === 0) return [];
    const success = events.map(({ type, kv: { key, value = '' } }) =>
      type === 'put' ? ({ type, key, value } as const) : ({ type, key } as const),
    );
    const answers = events.map(({ type }) => (type === 'delete' ? { deleted: 1 } : {}));
    const answer = { revision, succeeded: true, answers };
    const call = { type: 'txn', compare: [], success, failure: [] } as const;
    return [{ client: 1, invokedMs: revision, outcome: 'ok', call, answer } as const];
  });
}

test('what was not seen is put together from watches and writes: no false alarm, and none too few', () => {
  const seen = { kept: 0, broken: 0 };
  for (let run = 0; run < 1500; run++) {
    const rng = createRng(seed + run);
    const truth = drawTruth(rng);
    const correct = Array.from({ length: 1 + rng.int(3) }, () => drawWatch(rng, truth));
    const operations = writesOf(rng, truth);
    const where = `SEED=${seed + run}`;
    expect(checkWatches({ operations, watches: correct }), where).toMatchObject({
      outcome: 'kept',
    });
    // One that saw all is as good as the truth; but what it is contradicted in is broken too.
    const suspect = damaged(rng, drawWatch(rng, truth));
    const watches = [drawWatch(rng, truth, true), ...correct, suspect];
    const expected = keeps(suspect, truth) ? 'kept' : 'broken';
    seen[expected]++;
    const text = `${where} ${JSON.stringify({ suspect, truth })}`;
    expect(checkWatches({ operations, watches }).outcome, text).toBe(expected);
  }
  expect(Math.min(seen.kept, seen.broken)).toBeGreaterThan(200);
});
