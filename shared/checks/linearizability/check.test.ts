import { expect, test } from 'vitest';
import { createRng } from '#shared/base';
import type { Answer, Call, Operation } from '../history.ts';
import { timeline } from '../timeline.ts';
import { checkLinearizable } from './check.ts';

const get = (key: string): Call => ({ type: 'range', key });
const put = (key: string, value: string): Call => ({ type: 'put', key, value });
const kv = (key: string, value: string, mod: number, create = mod, version = 1) => ({
  key,
  value,
  mod,
  create,
  version,
  lease: '0',
});

/** `at` is [start, end]. */
function did(client: number, call: Call, at: [number, number], answer: Answer): Operation {
  return { client, call, invokedMs: at[0], returnedMs: at[1], outcome: 'ok', answer };
}
function unsure(client: number, call: Call, from: number, to = from + 5): Operation {
  return { client, call, invokedMs: from, returnedMs: to, outcome: 'unknown', error: 'timed out' };
}
/** An empty store that nobody else writes to. */
const alone = 1;
const check = (operations: Operation[], initialRevision: number | undefined) =>
  checkLinearizable({ operations, watches: [] }, { initialRevision });

test('a plain history is linearizable, with and without other writers', () => {
  const operations = [
    did(1, put('a', '1'), [0, 2], { revision: 2 }),
    did(2, get('a'), [1, 3], { revision: 2, kvs: [kv('a', '1', 2)], count: 1 }),
    did(1, put('a', '2'), [4, 6], { revision: 3 }),
    did(2, get('a'), [5, 9], { revision: 2, kvs: [kv('a', '1', 2)], count: 1 }),
  ];
  expect(check(operations, alone).outcome).toBe('linearizable');
  expect(check(operations, undefined).outcome).toBe('linearizable');
});

test('a stale read is found, and the window is the two operations that show it', () => {
  const write = did(1, put('a', '2'), [4, 6], { revision: 3 });
  const stale = did(2, get('a'), [7, 9], { revision: 2, kvs: [kv('a', '1', 2)], count: 1 });
  const operations = [did(1, put('a', '1'), [0, 2], { revision: 2 }), write, stale];
  for (const initial of [alone, undefined]) {
    const verdict = check(operations, initial);
    expect(verdict.outcome).toBe('violated');
    expect(verdict.violation?.window).toEqual([write, stale]);
    expect(verdict.violation?.reason).toContain('older revision 2');
  }
});

test('a serializable read may be stale, but not invented', () => {
  const call: Call = { type: 'range', key: 'a', serializable: true };
  const writes = [
    did(1, put('a', '1'), [0, 2], { revision: 2 }),
    did(1, put('a', '2'), [4, 6], { revision: 3 }),
  ];
  const stale = did(2, call, [7, 9], { revision: 2, kvs: [kv('a', '1', 2)], count: 1 });
  const invented = did(2, call, [7, 9], { revision: 2, kvs: [kv('a', '7', 2)], count: 1 });
  expect(check([...writes, stale], alone).outcome).toBe('linearizable');
  expect(check([...writes, invented], alone).outcome).toBe('violated');
});

test('an acknowledged write that later reads do not show is lost', () => {
  const lost = did(1, put('a', '2'), [4, 6], { revision: 3 });
  const blind = did(2, get('a'), [7, 9], { revision: 4, kvs: [kv('a', '1', 2)], count: 1 });
  const operations = [
    did(1, put('a', '1'), [0, 2], { revision: 2 }),
    lost,
    did(1, put('b', '1'), [6, 7], { revision: 4 }),
    blind,
  ];
  const verdict = check(operations, undefined);
  expect(verdict.violation?.window).toEqual([lost, blind]);
  expect(verdict.violation?.reason).toContain('lost');
});

test('a write lost whole, its key absent, is found by the search', () => {
  const verdict = check(
    [
      did(1, put('a', '1'), [0, 2], { revision: 2 }),
      did(2, get('a'), [7, 9], { revision: 2, kvs: [], count: 0 }),
    ],
    undefined,
  );
  expect(verdict.outcome).toBe('violated');
  expect(verdict.violation?.reason).toContain('no order explains');
});

test('a put that asked what it replaced, and was told nothing, had nothing before it', () => {
  const asks: Call = { type: 'put', key: 'a', value: '2', prevKv: true };
  const first = did(1, put('a', '1'), [0, 2], { revision: 2 });
  const told = { revision: 3, prevKv: kv('a', '1', 2) };
  for (const initial of [alone, undefined]) {
    expect(check([first, did(1, asks, [4, 6], told)], initial).outcome).toBe('linearizable');
    expect(check([first, did(1, asks, [4, 6], { revision: 3 })], initial).outcome).toBe('violated');
  }
});

test('an acknowledged write for which no revision is left is named', () => {
  const lost = did(2, put('a', 'lost'), [3, 4], {});
  const verdict = check(
    [
      did(1, put('a', '1'), [0, 2], { revision: 2 }),
      lost,
      did(1, put('a', '2'), [5, 6], { revision: 3 }),
      did(1, put('a', '3'), [7, 8], { revision: 4 }),
      did(1, { type: 'range', key: 'b', serializable: true }, [9, 10], { revision: 4, kvs: [] }),
    ],
    undefined,
  );
  expect(verdict.outcome).toBe('violated');
  expect(verdict.violation?.reason).toContain('lost');
  expect(verdict.violation?.reason).toContain('nothing before revision 3 is left');
  expect(verdict.violation?.window).toContain(lost);
  expect(verdict.violation?.window.every(({ invokedMs }) => invokedMs <= 4)).toBe(true);
});

test('a transaction carried out twice leaves a revision that is nobody’s', () => {
  const operations = [
    did(1, put('a', '1'), [0, 2], { revision: 2 }),
    did(2, get('a'), [7, 9], { revision: 3, kvs: [kv('a', '1', 3, 2, 2)], count: 1 }),
  ];
  expect(check(operations, alone).outcome).toBe('violated');
  expect(check(operations, undefined).outcome).toBe('violated');
});

test('split brain: one revision for two writes', () => {
  const a = did(1, put('a', '1'), [0, 2], { revision: 2 });
  const b = did(2, put('a', '2'), [1, 3], { revision: 2 });
  const verdict = check([a, b], alone);
  expect(verdict.violation?.window).toEqual([a, b]);
  expect(verdict.violation?.reason).toContain('two histories');
});

test('an unknown write may have happened, or not, or late', () => {
  const maybe = unsure(1, put('a', '9'), 3);
  const before = did(2, put('a', '1'), [0, 2], { revision: 2 });
  const seen = (at: [number, number]) =>
    did(2, get('a'), at, { revision: 3, kvs: [kv('a', '9', 3, 2, 2)], count: 1 });
  const unseen = (at: [number, number]) =>
    did(2, get('a'), at, { revision: 2, kvs: [kv('a', '1', 2)], count: 1 });
  for (const initial of [alone, undefined]) {
    expect(check([before, maybe, seen([10, 11])], initial).outcome).toBe('linearizable');
    expect(check([before, maybe, unseen([10, 11])], initial).outcome).toBe('linearizable');
    expect(check([before, maybe, unseen([10, 11]), seen([12, 13])], initial).outcome).toBe(
      'linearizable',
    );
    expect(check([before, maybe, seen([10, 11]), unseen([12, 13])], initial).outcome).toBe(
      'violated',
    );
    // It cannot have happened before it was asked for.
    expect(check([before, maybe, seen([1, 2])], initial).outcome).toBe('violated');
  }
});

test('a write that failed has had no effect', () => {
  const failed: Operation = { ...unsure(1, put('a', '9'), 3), outcome: 'failed' };
  const seen = did(2, get('a'), [10, 11], { revision: 2, kvs: [kv('a', '9', 2)], count: 1 });
  expect(check([failed, seen], alone).outcome).toBe('violated');
});

test('keys of a lease may go at any time, but come back for nobody', () => {
  const leased = did(1, { type: 'put', key: 'a', value: '1', lease: '7' }, [0, 1], { revision: 2 });
  const there = { revision: 2, kvs: [{ ...kv('a', '1', 2), lease: '7' }], count: 1 };
  const gone = { revision: 3, kvs: [], count: 0 };
  const back = { revision: 3, kvs: there.kvs, count: 1 };
  for (const initial of [alone, undefined]) {
    expect(check([leased, did(2, get('a'), [5, 6], gone)], initial).outcome).toBe('linearizable');
    const revived = [did(2, get('a'), [5, 6], gone), did(2, get('a'), [7, 8], back)];
    expect(check([leased, ...revived], initial).outcome).toBe('violated');
  }
});

test('a transaction over several keys is one step', () => {
  const swap: Call = {
    type: 'txn',
    compare: [{ key: 'a', target: 'mod', result: 'equal', operand: 0 }],
    success: [put('a', '1') as never, put('b', '1') as never],
    failure: [],
  };
  const all: Call = { type: 'range', key: 'a', rangeEnd: 'z' };
  const done = did(1, swap, [0, 10], { revision: 2, succeeded: true, answers: [{}, {}] });
  const half = did(2, all, [1, 2], { revision: 2, kvs: [kv('a', '1', 2)], count: 1 });
  const whole = did(2, all, [1, 2], {
    revision: 2,
    kvs: [kv('a', '1', 2), kv('b', '1', 2)],
    count: 2,
  });
  expect(check([done, whole], alone).outcome).toBe('linearizable');
  expect(check([done, half], alone).outcome).toBe('violated');
});

test('a read of an old revision is checked against that revision', () => {
  const old: Call = { type: 'range', key: 'a', revision: 2 };
  const writes = [
    did(1, put('a', '1'), [0, 1], { revision: 2 }),
    did(1, put('a', '2'), [2, 3], { revision: 3 }),
  ];
  const right = did(2, old, [4, 5], { revision: 3, kvs: [kv('a', '1', 2)], count: 1 });
  const wrong = did(2, old, [4, 5], { revision: 3, kvs: [kv('a', '2', 3, 2, 2)], count: 1 });
  expect(check([...writes, right], alone).outcome).toBe('linearizable');
  expect(check([...writes, wrong], alone).outcome).toBe('violated');
});

test('an answer without a revision finds its place by what it shows', () => {
  const ok = (value: string, at: [number, number]) =>
    did(2, get('a'), at, { kvs: [{ key: 'a', value }] });
  const writes = [
    did(1, put('a', '1'), [0, 1], { revision: 20 }),
    did(1, put('a', '2'), [4, 8], { revision: 31 }),
  ];
  expect(check([...writes, ok('2', [5, 6]), ok('2', [9, 10])], undefined).outcome).toBe(
    'linearizable',
  );
  expect(check([...writes, ok('2', [5, 6]), ok('1', [7, 7.5])], undefined).outcome).toBe(
    'violated',
  );
});

test('a lost answer is placed by the revision it was seen at, also between writes of other keys', () => {
  const all: Call = { type: 'range', key: 'a', rangeEnd: 'z' };
  const kvs = [kv('a', '2', 3, 2, 2), kv('b', '1', 4)];
  const operations = [
    did(1, put('a', '1'), [0, 1], { revision: 2 }),
    unsure(2, put('a', '2'), 2),
    did(1, put('b', '1'), [3, 4], { revision: 4 }),
    did(1, put('b', '2'), [5, 6], { revision: 5 }),
    did(3, get('a'), [7, 8], { revision: 5, kvs: [kv('a', '2', 3, 2, 2)], count: 1 }),
    did(3, all, [3, 5], { revision: 4, kvs, count: 2 }),
  ];
  for (const initial of [alone, undefined]) {
    expect(check(operations, initial).outcome).toBe('linearizable');
  }
});

test('where nothing is found in the budget, the verdict says so', () => {
  const operations = Array.from({ length: 40 }, (_, i) => unsure(i, put('a', `v${i % 3}`), i / 10));
  const read = did(99, get('a'), [100, 101], {
    revision: 30,
    kvs: [kv('a', 'none', 30, 2, 29)],
    count: 1,
  });
  const verdict = checkLinearizable(
    { operations: [...operations, read], watches: [] },
    { initialRevision: 1, budget: 1000 },
  );
  expect(verdict.outcome).toBe('undecided');
});

test('ten thousand operations with lost answers are judged at once, as what was seen says where they stand', () => {
  const operations: Operation[] = [];
  let revision = 1;
  for (let i = 0; i < 5000; i++) {
    const key = `k${i % 7}`;
    revision++;
    const t = i * 10;
    if (i % 10 === 3) operations.push(unsure(i % 5, put(key, `v${i}`), t));
    else operations.push(did(i % 5, put(key, `v${i}`), [t, t + 8], { revision }));
    const seen = { revision, kvs: [{ key, value: `v${i}`, mod: revision }], count: 1 };
    operations.push(did(9, get(key), [t + 8.5, t + 9], seen));
  }
  expect(check(operations, alone)).toMatchObject({ outcome: 'linearizable' });
  expect(check(operations, undefined)).toMatchObject({ outcome: 'linearizable' });
});

test.each([1000, 3])(
  'of writes on %i keys that nobody answered, and that mostly nobody saw, it is guessed which were carried out',
  (keys) => {
    const rng = createRng(1);
    const values = new Map<string, { key: string; value: string; mod: number }>();
    const operations: Operation[] = [];
    let revision = 1;
    for (let i = 0; i < 5000; i++) {
      const key = `k${rng.int(keys)}`;
      const at: [number, number] = [i * 10 - rng.int(90), i * 10 + rng.int(90)];
      if (rng.int(2) === 0) {
        const seen = values.get(key);
        const answer = { revision, kvs: seen ? [seen] : [], count: seen ? 1 : 0 };
        operations.push(did(i, get(key), at, answer));
        continue;
      }
      const lost = rng.int(10) === 0;
      if (lost) operations.push(unsure(i, put(key, `v${i}`), at[0]));
      if (lost && rng.int(2) === 0) continue;
      values.set(key, { key, value: `v${i}`, mod: ++revision });
      if (!lost) operations.push(did(i, put(key, `v${i}`), at, { revision }));
    }
    expect(check(operations, alone)).toMatchObject({ outcome: 'linearizable' });
  },
);

test('the picture shows every operation of the window, and escapes what clients wrote', () => {
  const bad = did(2, get('<a>'), [7, 9], { revision: 2, kvs: [], count: 0 });
  const page = timeline([bad, unsure(1, put('b', '1'), 3)], {
    title: 'x',
    window: [bad],
    reason: 'r',
  });
  expect(page).toContain('&lt;a&gt;');
  expect(page).not.toContain('<a>');
  expect(page.match(/<rect/g)).toHaveLength(2);
});
