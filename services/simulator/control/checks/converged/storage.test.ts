import { expect, test } from 'vitest';
import { controlledBy, named, podKey, Store } from '../testing.ts';
import { pods } from './nodes.ts';
import { first } from './reality.ts';
import { storage } from './storage.ts';

test('a deleted claim of a set is there for as long as its pod uses it, and no longer', () => {
  const store = new Store();
  const put = (resource: string, object: object) => {
    const { metadata } = object as ReturnType<typeof named>;
    store.put(`/registry/${resource}/default/${metadata?.name}`, object);
  };
  const claim = named('data-db-0', 'claim', {
    deletionTimestamp: 'now',
    annotations: { 'pv.kubernetes.io/bind-completed': 'yes' },
  });
  const status = { phase: 'Bound' };
  put('apps/statefulsets', {
    ...named('db'),
    spec: { volumeClaimTemplates: [{ metadata: { name: 'data' } }] },
  });
  put('persistentvolumeclaims', { ...claim, spec: { volumeName: 'v' }, status });
  put('persistentvolumes', { ...named('v'), spec: { claimRef: claim.metadata }, status });
  const wrong = (nodeName?: string): string => {
    const volumes = [{ persistentVolumeClaim: { claimName: 'data-db-0' } }];
    const pod = named('db-0', 'pod', controlledBy('StatefulSet', 'db'));
    put('pods', { ...pod, spec: { nodeName, volumes } });
    return first(storage, { objects: store.history, nodes: [] });
  };
  expect(wrong('n1')).toBe('');
  expect(wrong()).toBe('apps/statefulsets default/db has claim data-db-0, which is on its way out');
});

test('a pod that was bound when its claim had gone waits, and no other', () => {
  const store = new Store();
  const volumes = [{ persistentVolumeClaim: { claimName: 'c' } }];
  const put = (spec: object): string => {
    store.put(podKey('p'), { ...named('p'), spec: { nodeName: 'n1', ...spec } } as object);
    return first([pods], {
      objects: store.history,
      nodes: [{ name: 'n1', running: [], kept: [] }],
    });
  };
  expect(put({ volumes })).toBe('');
  expect(put({})).toBe('pods default/p is not ready: undefined');
  store.put('/registry/persistentvolumeclaims/default/c', named('c'));
  expect(put({ volumes })).toBe('pods default/p is not ready: undefined');
});
