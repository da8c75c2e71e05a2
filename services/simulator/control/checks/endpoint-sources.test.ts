import { expect, test } from 'vitest';
import { EndpointSources } from './endpoint-sources.ts';
import { broken, named, podKey, Store } from './testing.ts';

const prefix = '/registry/discovery.k8s.io/endpointslices/default';
const serving = { ready: true, serving: true, terminating: false };

function world(patienceMs = 0) {
  const store = new Store();
  const check = new EndpointSources(store.history, patienceMs);
  const pod = (name: string, more: object = {}, phase = 'Running'): void => {
    const ports = [{ name: 'http', containerPort: 8000 }];
    const status = { phase, podIP: '10.0.0.1', conditions: [{ type: 'Ready', status: 'True' }] };
    const metadata = { labels: { app: 'a' }, ...more };
    const spec = { containers: [{ ports }] };
    store.put(podKey(name), { ...named(name, name, metadata), spec, status } as object);
  };
  const service = (selector: object, targetPort: string | number = 'http'): void => {
    const spec = { selector, ports: [{ port: 80, targetPort }] };
    store.put('/registry/services/default/s', { ...named('s'), spec } as object);
  };
  const slice = (conditions: object, addresses = ['10.0.0.1'], uid = 'p'): string => {
    const labels = { 'kubernetes.io/service-name': 's' };
    const targetRef = { kind: 'Pod', name: 'p', uid };
    const revision = store.put(`${prefix}/s-1`, {
      ...named('s-1', 's-1', { labels }),
      endpoints: [{ addresses, conditions, targetRef }],
      ports: [{ port: 8000 }],
    } as object);
    const [change] = store.history.changesAfter('discovery.k8s.io/endpointslices', revision - 1);
    store.remove(`${prefix}/s-1`);
    return broken(() => change && check.changed(change));
  };
  pod('p');
  service({ app: 'a' });
  return { store, pod, service, slice };
}

test('an endpoint is a pod that its Service selects, as it is', () => {
  const { store, pod, service, slice } = world();
  expect(slice(serving)).toBe('kept');
  expect(slice({ ...serving, ready: false })).toMatch(/has p .*never so/);
  expect(slice(serving, ['10.0.0.2'])).toMatch(/never so/);
  expect(slice(serving, ['10.0.0.1'], 'another')).toMatch(/never so/);
  pod('p', { labels: { app: 'b' } });
  expect(slice(serving)).toMatch(/never so/);
  service({ app: 'b' });
  expect(slice(serving)).toBe('kept');
  service({ app: 'b' }, 80);
  expect(slice(serving)).toMatch(/never so/);
  store.remove('/registry/services/default/s');
  expect(slice(serving)).toMatch(/never so/);
});

test('none that has ended, or is gone', () => {
  const { store, pod, slice } = world();
  pod('p', { deletionTimestamp: 'now' });
  expect(slice(serving)).toMatch(/never so/);
  expect(slice({ ready: false, serving: true, terminating: true })).toBe('kept');
  pod('p', {}, 'Succeeded');
  expect(slice(serving)).toMatch(/never so/);
  store.remove(podKey('p'));
  expect(slice(serving)).toMatch(/never so/);
});

test('or as it was a moment ago', () => {
  const { store, slice } = world(1);
  store.remove(podKey('p'));
  expect(slice(serving)).toBe('kept');
  expect(slice(serving)).toMatch(/never so/);
});
