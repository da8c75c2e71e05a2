import { expect, test } from 'vitest';
import { Companions } from './companions.ts';
import { broken, named, podKey, Store } from './testing.ts';

const node = (zone: string): object => ({ metadata: { name: zone, uid: zone, labels: { zone } } });
const beside = (app: string) => ({
  affinity: {
    podAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { topologyKey: 'zone', labelSelector: { matchLabels: { app } } },
      ],
    },
  },
});

function world() {
  const check = new Companions(100);
  const store = new Store(check);
  for (const zone of ['x', 'y']) store.put(`/registry/nodes/${zone}`, node(zone));
  return (atMs: number, name: string, nodeName: string, wanted?: string): string => {
    store.nowMs = atMs;
    const spec = { containers: [], nodeName, ...(wanted && beside(wanted)) };
    const pod = { ...named(name, name, { labels: { app: name } }), spec } as object;
    if (nodeName === '') return broken(() => store.remove(podKey(name)));
    store.put(podKey(name), pod);
    return broken(() => check.tick(atMs + 500));
  };
}

test('who wants somebody beside it goes where there is somebody', () => {
  const put = world();
  expect(put(200, 'a', 'x', 'b')).toMatch(/a is bound to x .* wants somebody beside it/);
  expect(put(1_300, 'b', 'y')).toBe('kept');
  expect(put(2_400, 'c', 'x', 'b')).toMatch(/c is bound to x/);
  expect(put(3_500, 'd', 'y', 'b')).toBe('kept');
});

test('also where it was until a moment ago, or itself is the first', () => {
  const put = world();
  put(300, 'b', 'y');
  put(1_400, 'b', '');
  expect(put(1_450, 'c', 'y', 'b')).toBe('kept');
  expect(put(2_600, 'd', 'y', 'b')).toMatch(/d is bound to y/);
  expect(put(3_600, 'e', 'x', 'e')).toBe('kept');
});
