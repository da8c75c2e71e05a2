import { expect, test } from 'vitest';
import { Spread } from './spread.ts';
import { broken, named, podKey, Store } from './testing.ts';

const labels = { app: 'web' };
const spread = {
  topologyKey: 'zone',
  maxSkew: 1,
  whenUnsatisfiable: 'DoNotSchedule',
  labelSelector: { matchLabels: labels },
};

function world() {
  const check = new Spread(100);
  const store = new Store(check);
  store.nowMs = 0;
  for (const zone of ['a', 'b'])
    store.put(`/registry/nodes/${zone}`, named(zone, zone, { labels: { zone } }));
  const put = (atMs: number, name: string, nodeName: string, more: object = {}): void => {
    store.nowMs = atMs;
    const spec = { nodeName, topologySpreadConstraints: [spread] };
    store.put(podKey(name), { ...named(name, name, { labels, ...more }), spec } as object);
  };
  const leave = (node: string): void => void store.remove(`/registry/nodes/${node}`);
  return { put, leave, judged: (nowMs: number) => broken(() => check.tick(nowMs)) };
}

test('a place gets no more than its share', () => {
  const { put, judged } = world();
  put(200, 'p', 'a');
  put(400, 'q', 'a');
  expect(judged(900)).toMatch(/where 1 are like it, and elsewhere 0 at most: it allows 1/);
});

test('a node that was deleted is no place', () => {
  const { put, leave, judged } = world();
  leave('b');
  put(200, 'p', 'a');
  put(400, 'q', 'a');
  expect(judged(900)).toBe('kept');
});

test('what was decided before may be written after', () => {
  const { put, judged } = world();
  put(200, 'p', 'a');
  put(400, 'q', 'a');
  put(410, 'r', 'b');
  expect(judged(900)).toBe('kept');
});

test('who left elsewhere a moment ago may still be counted', () => {
  const { put, judged } = world();
  put(200, 'p', 'a');
  put(200, 'r', 'b');
  put(350, 'r', 'b', { deletionTimestamp: 'now' });
  put(400, 'q', 'a');
  expect(judged(900)).toBe('kept');
  put(1000, 's', 'a');
  expect(judged(1500)).toMatch(/is bound to a/);
});
