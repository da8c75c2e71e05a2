import { expect, test } from 'vitest';
import type { KubeObject } from '#shared/api';
import { Neighbours } from './neighbours.ts';
import { broken, podKey, Store } from './testing.ts';

const avoided = {
  requiredDuringSchedulingIgnoredDuringExecution: [
    { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'web' } } },
  ],
};

const pod = (name: string, app: string, nodeName?: string, avoids = false): KubeObject =>
  ({
    metadata: { name, uid: name, namespace: 'default', labels: { app } },
    spec: { nodeName, ...(avoids && { affinity: { podAntiAffinity: avoided } }) },
  }) as KubeObject;

function setUp() {
  const store = new Store(new Neighbours(3));
  const node = (name: string, zone: string): void =>
    void store.put(`/registry/nodes/${name}`, { metadata: { name, uid: name, labels: { zone } } });
  node('n1', 'a');
  node('n2', 'a');
  node('n3', 'b');
  return { store, node };
}

test('a pod is not bound beside one that it avoids, nor beside one that avoids it', () => {
  const { store } = setUp();
  store.put(podKey('a'), pod('a', 'web', 'n1'));
  store.put(podKey('b'), pod('b', 'db', undefined, true));
  expect(broken(() => store.put(podKey('b'), pod('b', 'db', 'n2', true)))).toMatch(/beside/);
  expect(broken(() => store.put(podKey('c'), pod('c', 'db', 'n3', true)))).toBe('kept');
  expect(broken(() => store.put(podKey('d'), pod('d', 'web', 'n3')))).toMatch(/avoids the other/);
});

test('labels that were given a moment ago need not be known', () => {
  const { store, node } = setUp();
  store.put(podKey('a'), pod('a', 'web', 'n1'));
  node('n3', 'a');
  expect(broken(() => store.put(podKey('b'), pod('b', 'db', 'n3', true)))).toBe('kept');
  store.put(podKey('a'), pod('a', 'api', 'n1'));
  store.put(podKey('a'), pod('a', 'web', 'n1'));
  expect(broken(() => store.put(podKey('c'), pod('c', 'db', 'n2', true)))).toBe('kept');
});

test('what is on a node that has just come again need not be known', () => {
  const { store, node } = setUp();
  store.put(podKey('a'), pod('a', 'web', 'n1'));
  store.remove('/registry/nodes/n1');
  node('n1', 'a');
  expect(broken(() => store.put(podKey('b'), pod('b', 'db', 'n2', true)))).toBe('kept');
  for (const name of ['c', 'd', 'e']) store.put(podKey(name), pod(name, 'api'));
  expect(broken(() => store.put(podKey('f'), pod('f', 'db', 'n2', true)))).toMatch(/beside/);
});
