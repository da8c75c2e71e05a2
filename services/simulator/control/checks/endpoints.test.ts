import { expect, test } from 'vitest';
import type { KubeObject } from '#shared/api';
import { EndpointConditions } from './endpoints.ts';
import { broken, named, Store } from './testing.ts';

function world() {
  const store = new Store(new EndpointConditions());
  const slice = (conditions: object): string => {
    const labels = { 'kubernetes.io/service-name': 's' };
    const object = {
      ...named('s-1', 's-1', { labels }),
      endpoints: [{ addresses: ['10.0.0.1'], conditions, targetRef: { name: 'p' } }],
    };
    return broken(() => store.put('/registry/discovery.k8s.io/endpointslices/default/s-1', object));
  };
  return { store, slice };
}

test('what is on its way out, or does not serve, is no ready endpoint', () => {
  const { slice } = world();
  expect(slice({ ready: true, serving: true, terminating: false })).toBe('kept');
  expect(slice({ ready: false, serving: true, terminating: true })).toBe('kept');
  expect(slice({ ready: true, serving: true, terminating: true })).toMatch(/p as ready.*way out/);
  expect(slice({ ready: true, serving: false, terminating: false })).toMatch(/not serving/);
});

test('a Service may want them all the same', () => {
  const { store, slice } = world();
  const service = { ...named('s'), spec: { publishNotReadyAddresses: true } } as KubeObject;
  const prefix = '/registry/services';
  store.put(`${prefix}/default/s`, service);
  expect(slice({ ready: true, serving: false, terminating: true })).toBe('kept');
});
