import { expect, test } from 'vitest';
import { BrokenPromise } from '#shared/checks';
import type { KeyValue } from '#shared/mvcc';
import { type Claim, known, type Observed, type Word } from '../clients/recorder.ts';
import { Past } from './past.ts';
import { checkQueues } from './queue-holders.ts';
import { StateLog } from './state-log.ts';
import { put } from './testing.ts';

const entry = { term: 1, operation: undefined, error: undefined, rest: '' };
const [one, other, beside] = [put('q/1', 'x', 2), put('q/2', 'y', 3), put('q1/1', 'z', 4)];
const gone = { type: 'delete' as const, kv: { ...one.kv, modRevision: 5 } };
const said: KeyValue = { ...other.kv, value: Buffer.from('w'), modRevision: 6, version: 2 };
const word = { type: 'put' as const, kv: said };

/** Two come, one to another line; then the first goes, and the second, who leads, says something. */
function states(): StateLog {
  const log = new StateLog(2);
  for (const [i, event] of [one, other, beside, gone, word].entries()) {
    const revision = i + 2;
    log.applied('m1', { ...entry, index: revision, revision, events: [event], atMs: revision });
  }
  return log;
}

function check(said: { claims?: Claim[]; words?: Word[]; observers?: Observed[] }): void {
  const log = states();
  checkQueues({ claims: [], words: [], observers: [], ...said }, log, new Past(log));
}

const claim = { who: 'c', name: 'q', key: 'q/2', fromMs: 3, toMs: 6 };
const observed = (...told: [revision: number, kv: typeof said][]): Observed => ({
  who: 'o',
  name: 'q',
  leaders: told.map(([revision, kv]) => ({ revision, kv: known(kv) })),
});

test('whoever is first holds the lock, and leads', () => {
  check({
    claims: [
      { ...claim, revision: 5 },
      { ...claim, created: 3, value: 'y' },
    ],
  });
  check({ claims: [{ ...claim, key: 'q/1', fromMs: 2, toMs: 3, revision: 3 }] });
});

test('nobody else does', () => {
  const wrong: Claim[] = [
    { ...claim, revision: 4 },
    { ...claim, fromMs: 2, toMs: 4 },
    { ...claim, key: 'q1/1' },
    { ...claim, created: 2 },
    { ...claim, value: 'x' },
    { ...claim, revision: 5, fromMs: 6 },
  ];
  for (const each of wrong)
    expect(() => check({ claims: [each] }), each.who).toThrow(BrokenPromise);
});

test('a word counts where it says so', () => {
  const right = { who: 'c', key: 'q/2', created: 3, revision: 6, value: 'w' };
  check({ words: [right, { ...right, key: 'q/1', created: 2, value: undefined }] });
  const wrong: Word[] = [
    { ...right, revision: 5 },
    { ...right, created: 2 },
    { ...right, value: 'v' },
    { ...right, value: undefined },
  ];
  for (const each of wrong) expect(() => check({ words: [each] })).toThrow(BrokenPromise);
});

test('observers hear of leaders, in their order, and of all that one says', () => {
  check({ observers: [observed([2, one.kv], [5, other.kv], [6, said]), observed([6, said])] });
  const thrice = { ...said, version: 3 };
  const wrong = [
    observed([3, other.kv]),
    observed([5, one.kv]),
    observed([5, other.kv], [2, one.kv]),
    observed([6, thrice]),
  ];
  for (const each of wrong) expect(() => check({ observers: [each] })).toThrow(BrokenPromise);
});

test('observers miss nothing that the leader says', () => {
  const log = new StateLog(2);
  const versions = [1, 2, 3].map((version) => ({
    ...other.kv,
    createRevision: 2,
    modRevision: version + 1,
    version,
  }));
  for (const kv of versions) {
    const { modRevision: revision } = kv;
    const events = [{ type: 'put' as const, kv }];
    log.applied('m1', { ...entry, index: revision, revision, events, atMs: revision });
  }
  const [first, second, third] = versions.map((kv) => [kv.modRevision, kv] as const);
  const past = new Past(log);
  const look = (...told: (typeof first)[]) => {
    const observers = [
      observed(...told.map((each) => [...(each ?? [0, said])] as [number, typeof said])),
    ];
    checkQueues({ claims: [], words: [], observers }, log, past);
  };
  look(first, second, third);
  look(first, first, second);
  expect(() => look(first, third)).toThrow(/version 3 of q\/2 after 1/);
});
