import { expect, test } from 'vitest';
import { controlledBy, named, Store } from '../testing.ts';
import { first } from './reality.ts';
import { workloads } from './workloads.ts';

test('of two replica sets of one template the one revised last runs', () => {
  const store = new Store();
  const put = (resource: string, object: object, revision: number): void => {
    const { metadata } = object as ReturnType<typeof named>;
    const annotations = { 'deployment.kubernetes.io/revision': String(revision) };
    store.put(`/registry/${resource}/default/${metadata?.name}`, {
      ...object,
      metadata: { ...metadata, generation: 1, annotations },
    });
  };
  const wrong = (adopted: number, made: number): string => {
    put('apps/deployments', { ...named('web'), spec: { replicas: 0 }, status }, 3);
    const owned = (name: string) => named(name, name, controlledBy('Deployment', 'web'));
    put('apps/replicasets', { ...owned('web-a'), spec: { replicas: adopted }, status }, 2);
    put('apps/replicasets', { ...owned('web-b'), spec: { replicas: made }, status }, 3);
    return first(workloads, { objects: store.history, nodes: [] });
  };
  const conditions = [{ type: 'Available', status: 'True' }];
  const status = { observedGeneration: 1, conditions };
  expect(wrong(0, 0)).toBe('');
  expect(wrong(0, 3)).toBe('apps/deployments default/web wants 0 replicas, its replica set 3');
  expect(wrong(3, 3)).toBe('apps/deployments default/web has 2 replica sets');
});
