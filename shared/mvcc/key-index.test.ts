import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LargeMap } from '#shared/base';
import { absent, KeyHistory } from './key-history.ts';
import { KeyIndex } from './key-index.ts';
import { noLease } from './records.ts';

const keyOf = (number: number): string => String(number).padStart(4, '0');

/** Puts or deletes one key at a revision, as RevisionStore does. */
function change(index: KeyIndex, key: string, remove: boolean, revision: number): void {
  const history = index.get(key);
  if (remove) {
    if (history?.live !== true) return;
    index.touch(key);
    history.push(revision, 0, 0, 0, noLease);
    return;
  }
  const own = index.ensure(key);
  if (!own.live) index.touch(key);
  own.push(revision, 0, own.live ? own.createRevision : revision, own.version + 1, noLease);
}

function walked(index: KeyIndex, low: string, high: string | undefined, revision: number): number {
  let count = 0;
  index.walk(low, high, (history: KeyHistory) => {
    if (history.at(revision) !== absent) count++;
    return true;
  });
  return count;
}

test('counts what a walk finds, at every revision, over many levels of the tree', () => {
  const number = fc.integer({ min: 0, max: 9999 });
  const step = fc.record({ number, remove: fc.boolean(), low: number, span: number });
  fc.assert(
    fc.property(fc.array(step, { minLength: 50, maxLength: 200, size: 'max' }), (steps) => {
      const index = new KeyIndex();
      let revision = 1;
      for (let i = 0; i < 10_000; i += 2) change(index, keyOf(i), false, ++revision);
      const filled = revision;
      for (const { number: changed, remove, low, span } of steps) {
        change(index, keyOf(changed), remove, ++revision);
        const high = span === 0 ? undefined : keyOf(low + span);
        for (const at of [Infinity, filled + (span % (revision - filled)), filled - low]) {
          const counted = index.count(keyOf(low), high, at);
          expect(counted).toBe(walked(index, keyOf(low), high, at));
        }
      }
    }),
    { numRuns: 10 },
  );
});

test('counting many keys looks at few of them, at an old revision too', () => {
  const keys = 20_000;
  const byKey = new LargeMap<string, KeyHistory>();
  for (let i = 0; i < keys; i++) {
    const history = new KeyHistory(String(i).padStart(6, '0'));
    history.push(i + 2, 0, i + 2, 1, noLease);
    byKey.add(history.key, history);
  }
  const index = new KeyIndex(byKey);
  expect(index.count('', undefined, Infinity)).toBe(keys);
  let looks = 0;
  const at = (history: KeyHistory, revision: number) => {
    looks++;
    return revision >= history.main ? -1 : absent;
  };
  index.walk('', undefined, (history) => {
    history.at = (revision) => at(history, revision);
    return true;
  });
  change(index, '000000x', false, keys + 2);
  expect(index.count('000100', '019000', Infinity)).toBe(18_900);
  expect(index.count('', undefined, keys + 1)).toBe(keys);
  expect(looks).toBeLessThan(200);
});
