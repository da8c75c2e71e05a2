import { expect, test } from 'vitest';
import { broken, controlledBy, named, Store } from './testing.ts';
import { Told } from './told.ts';

const template = (version: string) => ({ metadata: { annotations: { version } } });

function world() {
  const store = new Store(new Told(6));
  const deployment = (version: string, updatedReplicas: number): string =>
    broken(() =>
      store.put('/registry/apps/deployments/default/d', {
        ...named('d'),
        spec: { template: template(version) },
        status: { updatedReplicas },
      } as object),
    );
  const set = (version: string, replicas: number): void => {
    const owned = controlledBy('Deployment', 'd');
    store.put(`/registry/apps/replicasets/default/${version}`, {
      ...named(version, version, owned),
      spec: { template: template(version) },
      status: { replicas },
    } as object);
  };
  return { store, deployment, set };
}

test('pods of an older template are not up to date', () => {
  const { store, deployment, set } = world();
  deployment('1', 0);
  set('1', 3);
  expect(deployment('1', 3)).toBe('kept');
  expect(deployment('2', 3)).toBe('kept');
  deployment('2', 0);
  set('2', 1);
  // As of the template before.
  expect(deployment('2', 3)).toBe('kept');
  deployment('2', 0);
  for (let i = 0; i < 8; i++) store.put('/registry/configmaps/default/x', named('x'));
  expect(deployment('2', 1)).toBe('kept');
  expect(deployment('2', 3)).toMatch(/calls 3 pods up to date at revision \d+, of 1/);
});
