import { expect, test } from 'vitest';
import { Conditions } from './conditions.ts';
import { broken, mapKey, named, podKey, Store } from './testing.ts';

const second = (n: number): string => new Date(n * 1000).toISOString();

function world(isCalm: boolean) {
  const store = new Store(new Conditions(isCalm));
  return (atMs: number, ...conditions: [type: string, status: string, atMs: number][]) => {
    store.nowMs = atMs;
    const said = conditions.map(([type, status, since]) => {
      return { type, status, lastTransitionTime: second(since) };
    });
    return broken(() =>
      store.put(podKey('a'), { ...named('a'), status: { conditions: said } } as object),
    );
  };
}

test('a condition that changes says when, where nothing breaks', () => {
  const put = world(true);
  expect(put(1_000, ['Ready', 'False', 1])).toBe('kept');
  expect(put(9_000, ['Ready', 'True', 9])).toBe('kept');
  expect(put(9_500, ['Ready', 'False', 9])).toBe('kept');
  expect(put(20_000, ['Ready', 'True', 9])).toMatch(/Ready True .* and was False since then/);
  const late = world(false);
  late(1_000, ['Ready', 'False', 1]);
  expect(late(20_000, ['Ready', 'True', 1])).toBe('kept');
});

test('a pod keeps its conditions', () => {
  const put = world(false);
  put(1_000, ['Ready', 'True', 1], ['DisruptionTarget', 'True', 1]);
  expect(put(2_000, ['Ready', 'True', 1])).toMatch(/loses its condition DisruptionTarget/);
  const store = new Store(new Conditions(true));
  const status = { conditions: [{ type: 'x', status: 'True' }] };
  store.put(mapKey('a'), { ...named('a'), status } as object);
  expect(broken(() => store.put(mapKey('a'), named('a')))).toBe('kept');
});
