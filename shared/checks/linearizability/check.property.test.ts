import { test } from 'vitest';
import { createRng, type Rng } from '#shared/base';
import type { Answer, Call, Operation } from '../history.ts';
import { bruteForce } from '../testing/brute-force.ts';
import { checkLinearizable } from './check.ts';

const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 32));

/** A history of a correct store, or one with a detail changed so that it may be no longer. */
function draw(rng: Rng): Operation[] {
  const keys = ['a', 'b'];
  const state = new Map<string, { value: string; mod: number; create: number; version: number }>();
  let revision = 1;
  const operations: Operation[] = [];
  const count = 3 + rng.int(4);
  for (let i = 0; i < count; i++) {
    const key = keys[rng.int(2)] ?? 'a';
    const point = i * 10;
    const call = drawCall(rng, key, i, state.get(key)?.mod ?? 0);
    const applies = rng.int(8) > 0;
    const [answer, wrote] = carryOut(state, call, revision + 1, applies);
    if (wrote) revision++;
    const invokedMs = point - rng.int(25);
    const returnedMs = point + rng.int(25);
    const known = applies && rng.int(4) > 0;
    operations.push({
      client: i,
      call,
      invokedMs,
      returnedMs,
      ...(known
        ? { outcome: 'ok' as const, answer: { revision, ...answer } }
        : { outcome: 'unknown' as const }),
    });
  }
  return rng.int(2) === 0 ? operations : damage(rng, operations);
}

function drawCall(rng: Rng, key: string, i: number, mod: number): Call {
  // Few values, so that one may be taken for another.
  const put: Call = { type: 'put', key, value: `v${rng.int(3)}` };
  const kind = rng.int(8);
  if (kind < 3) return put;
  if (kind < 5) return { type: 'range', key };
  if (kind < 6) return { type: 'range', key: 'a', rangeEnd: 'c' };
  if (kind === 6) return { type: 'delete', key };
  const operand = rng.int(3) === 0 ? i : mod;
  return {
    type: 'txn',
    compare: [{ key, target: 'mod', result: 'equal', operand }],
    success: [put],
    failure: [],
  };
}

function carryOut(
  state: Map<string, { value: string; mod: number; create: number; version: number }>,
  call: Call,
  at: number,
  applies: boolean,
): [Answer, boolean] {
  if (call.type === 'range') {
    const keys = call.rangeEnd === undefined ? [call.key] : ['a', 'b'];
    const kvs = keys.flatMap((key) => {
      const kv = state.get(key);
      return kv ? [shown(key, kv)] : [];
    });
    return [{ kvs }, false];
  }
  if (!applies) return [{}, false];
  if (call.type === 'put') {
    const old = state.get(call.key);
    state.set(call.key, {
      value: call.value,
      mod: at,
      create: old?.create ?? at,
      version: (old?.version ?? 0) + 1,
    });
    return [{}, true];
  }
  if (call.type === 'delete') {
    const had = state.delete(call.key);
    return [{ deleted: had ? 1 : 0 }, had];
  }
  if (call.type !== 'txn') throw new Error('not drawn');
  const succeeded = call.compare.every(
    ({ key, operand }) => (state.get(key)?.mod ?? 0) === operand,
  );
  const [op] = succeeded ? call.success : [];
  if (op) carryOut(state, op, at, true);
  return [{ succeeded, ...(op ? { answers: [{}] } : {}) }, op !== undefined];
}

function shown(key: string, kv: { value: string; mod: number; create: number; version: number }) {
  const { value, create, mod, version } = kv;
  return { key, value, create, mod, version, lease: '0' };
}

function damage(rng: Rng, operations: Operation[]): Operation[] {
  const at = rng.int(operations.length);
  return operations.map((operation, i) => {
    if (i !== at) return operation;
    const { answer } = operation;
    switch (rng.int(4)) {
      case 0:
        return {
          ...operation,
          invokedMs: operation.invokedMs + 20,
          returnedMs: (operation.returnedMs ?? 0) + 40,
        };
      case 1:
        return answer?.revision === undefined
          ? operation
          : { ...operation, answer: { ...answer, revision: answer.revision + rng.int(3) - 1 } };
      case 2:
        return answer?.kvs ? { ...operation, answer: { ...answer, kvs: [] } } : operation;
      default:
        return { ...(operations[(at + 1) % operations.length] ?? operation) };
    }
  });
}

const modes: [string, number | undefined][] = [
  ['alone', 1],
  ['with other writers', undefined],
];

/** Judges what the seed draws, and throws where trying every order says otherwise. */
function judge(drawn: number, initialRevision: number | undefined): 'linearizable' | 'violated' {
  const operations = draw(createRng(drawn));
  const verdict = checkLinearizable({ operations, watches: [] }, { initialRevision });
  const expected = bruteForce(operations, initialRevision) ? 'linearizable' : 'violated';
  // Two writes that nobody mentions may be given one revision among others' (docs/checking.md).
  const open = operations.filter(({ outcome }) => outcome === 'unknown').length;
  const lenient = initialRevision === undefined && open > 1 && expected === 'violated';
  if (verdict.outcome !== expected && !lenient) {
    const history = operations.map((operation) => JSON.stringify(operation)).join('\n');
    throw new Error(
      `SEED=${drawn}: said ${verdict.outcome} (${verdict.violation?.reason}), is ${expected}\n${history}`,
    );
  }
  return expected;
}

test.each(modes)('%s: the verdict is that of trying every order', (_, initialRevision) => {
  const seen = { linearizable: 0, violated: 0 };
  for (let run = 0; run < 1500; run++) seen[judge(seed + run, initialRevision)]++;
  // Both sorts must have been drawn, or nothing was tested.
  if (seen.linearizable < 100 || seen.violated < 100) throw new Error(JSON.stringify(seen));
});

test.each(modes)('%s: what was judged wrongly once is not any more', (_, initialRevision) => {
  // Writes that nobody mentions need a revision between two that are mentioned, and of their own.
  const seeds = [2_970_305_307, 222_493, 34_822, 69_179];
  for (const known of seeds) judge(known, initialRevision);
});
