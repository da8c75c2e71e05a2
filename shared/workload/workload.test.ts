import { expect, inject, test } from 'vitest';
import { createRng, QuorateError } from '#shared/base';
import { checkLinearizable, checkWatches } from '#shared/checks';
import type { KvClient } from '#shared/client';
import { ManualClock } from '#shared/clock';
import { MvccKv } from '../client/testing/mvcc-kv.ts';
import { decodeHistory, encodeHistory } from './history-file.ts';
import { kvWorkload, prefixEnd } from './kv-workload.ts';
import { Listener } from './listener.ts';
import { Recorder } from './recorder.ts';

const seed = inject('seed');

async function record() {
  const clock = new ManualClock();
  const recorder = new Recorder(clock);
  const store = new MvccKv(clock);
  const prefix = 'p/';
  const stop = new AbortController();
  const watched = recorder.kv(store);
  watched.watch(
    { key: prefix, rangeEnd: prefixEnd(prefix), startRevision: 2 },
    { events: () => undefined, ended: () => undefined },
  );
  const clients = [1, 2, 3].map((n) =>
    kvWorkload(recorder.kv(store), `c${n}`, {
      prefix,
      clock,
      rng: createRng(seed + n),
      signal: stop.signal,
    }),
  );
  await clock.advance(500);
  stop.abort();
  await clock.advance(50);
  await Promise.all(clients);
  return recorder.history;
}

test('the workload over a correct store is judged correct, before and after a trip through a file', async () => {
  const history = await record();
  expect(history.operations.length).toBeGreaterThan(100);
  for (const one of [history, decodeHistory(encodeHistory(history), 'f')]) {
    expect(checkLinearizable(one, { initialRevision: 1 }), `SEED=${seed}`).toMatchObject({
      outcome: 'linearizable',
      operations: history.operations.length,
    });
    expect(checkWatches(one), `SEED=${seed}`).toMatchObject({ outcome: 'kept' });
  }
});

test('an event that a watch was not told, or was told wrongly, is found', async () => {
  const history = await record();
  const [watch] = history.watches;
  const messages = watch?.messages ?? [];
  const at = messages.findIndex(({ type }) => type === 'events') + 3;
  const lossy = { ...watch, messages: messages.filter((_, i) => i !== at) } as typeof watch;
  const both = [watch, lossy].filter((one) => one !== undefined);
  expect(checkWatches({ operations: [], watches: both })).toMatchObject({ outcome: 'broken' });
});

/** Its watches hear nothing. */
const silent: Partial<KvClient> = {
  watch: () => ({ requestProgress: () => undefined, cancel: () => undefined }),
};

test('a watch that was given the time to hear the last event, and did not, is found', async () => {
  const clock = new ManualClock();
  const recorder = new Recorder(clock);
  const store = new MvccKv(clock);
  const all = { key: 'p/', rangeEnd: prefixEnd('p/'), startRevision: 2 };
  const listener = new Listener(store, recorder, clock, all);
  const deaf = { ...silent, range: (request) => store.range(request) } as KvClient;
  const unheard = new Listener(deaf, recorder, clock, all);
  const { header } = await recorder.kv(store).put({ key: 'p/1', value: Buffer.from('1') });
  await clock.advance(10);
  await listener.hearOut(header.revision);
  expect(checkWatches(recorder.history)).toMatchObject({ outcome: 'kept' });
  const waiting = unheard.hearOut(header.revision);
  await clock.advance(61_000);
  await waiting;
  expect(checkWatches(recorder.history).reason).toContain('nothing of revision 2');
});

test('nothing is expected of a watch whose member does not answer', async () => {
  const clock = new ManualClock();
  const recorder = new Recorder(clock);
  const refused = (): Promise<never> => Promise.reject(new QuorateError('unavailable', 'down'));
  const dead = { ...silent, range: refused } as KvClient;
  const listener = new Listener(dead, recorder, clock, { key: 'p/', startRevision: 2 });
  const waiting = listener.hearOut(2);
  await clock.advance(6000);
  await waiting;
  expect(recorder.history.watches[0]?.awaitedRevision).toBeUndefined();
});

test('an error is a failure only where it is certain', async () => {
  const recorder = new Recorder(new ManualClock());
  const outcomes: string[] = [];
  for (const code of ['unavailable', 'deadline-exceeded', 'failed-precondition'] as const) {
    const fail = () => Promise.reject(new QuorateError(code, 'etcdserver: no'));
    await recorder
      .record({ client: 1 }, { type: 'put', key: 'a', value: '1' }, fail, () => ({}))
      .catch(() => undefined);
    outcomes.push(recorder.history.operations.at(-1)?.outcome ?? '');
  }
  expect(outcomes).toEqual(['unknown', 'unknown', 'failed']);
  void recorder.record(
    { client: 1 },
    { type: 'range', key: 'a' },
    () => new Promise(() => undefined),
    () => ({}),
  );
  expect(recorder.history.operations.at(-1)?.outcome).toBe('unknown');
});

test('a file that is no history is refused, with its line', () => {
  expect(() => decodeHistory('{"a":1}\n', 'f')).toThrow('does not begin');
  expect(() => decodeHistory('{"format":"quorate-history/1"}\nx\n', 'f')).toThrow('f:2');
  expect(() => decodeHistory('{"format":"quorate-history/1"}\n{"operation":{}}\n', 'f')).toThrow(
    'f:2',
  );
  expect(() => decodeHistory('{"format":"quorate-history/1"}\n', 'f')).toThrow('no operations');
});
