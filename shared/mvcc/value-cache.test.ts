import { expect, test } from 'vitest';
import { KeyHistory } from './key-history.ts';
import { ValueCache } from './value-cache.ts';

const kv = (key: string, length: number) => ({
  key,
  value: new Uint8Array(length),
  createRevision: 1,
  modRevision: 1,
  version: 1,
  lease: 0n,
});

function filled(cache: ValueCache, count: number, length: number): KeyHistory[] {
  return Array.from({ length: count }, (_, i) => {
    const history = new KeyHistory(String(i));
    cache.set(history, kv(history.key, length));
    return history;
  });
}

test('stays within its bound', () => {
  const cache = new ValueCache(10_000);
  const histories = filled(cache, 100, 744);
  expect(cache.bytes).toBe(10_000);
  expect(histories.filter((history) => cache.get(history) !== undefined)).toHaveLength(10);
});

test('what is read stays longer than what is not', () => {
  const cache = new ValueCache(10_000);
  const [hot] = filled(cache, 10, 744) as [KeyHistory];
  for (let i = 0; i < 50; i++) {
    expect(cache.get(hot)).toBeDefined();
    filled(cache, 1, 744);
  }
});

test('what is dropped is not counted', () => {
  const cache = new ValueCache(10_000);
  for (const history of filled(cache, 5, 100)) cache.drop(history);
  expect(cache.bytes).toBe(0);
});

test('a value larger than the cache is not kept', () => {
  const cache = new ValueCache(1000);
  const [large] = filled(cache, 1, 5000) as [KeyHistory];
  expect(cache.get(large)).toBeUndefined();
  expect(cache.bytes).toBe(0);
});
