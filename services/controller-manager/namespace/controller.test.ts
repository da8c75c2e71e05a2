import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Namespace, refs } from '#shared/api';
import { deployment, World } from '../testing/world.ts';

describe('a namespace that is deleted', () => {
  let world: World;
  beforeEach(async () => {
    world = new World();
    await world.start();
  });
  afterEach(() => world.stop());

  it('is emptied of every kind, waits for pods that are ending, then goes', async () => {
    const namespace: Namespace = {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: 'shop' },
      spec: { finalizers: ['kubernetes'] },
    };
    await world.api.create(refs.namespaces, namespace);
    const web = deployment('web', {});
    await world.api.create(refs.deployments, {
      ...web,
      metadata: { ...web.metadata, namespace: 'shop' },
    });
    const metadata = { name: 'config', namespace: 'shop' };
    await world.api.create(refs.configMaps, { metadata });
    const elsewhere = { name: 'config', namespace: 'default' };
    await world.api.create(refs.configMaps, { metadata: elsewhere });
    await world.pass(100);
    await world.agentsWork();
    await world.api.delete(refs.namespaces, 'shop');
    await world.pass(2_000);
    expect(world.api.all(refs.deployments)).toEqual([]);
    expect(world.api.all(refs.configMaps)).toHaveLength(1);
    expect(world.pods()).toHaveLength(3);
    expect(world.api.all(refs.namespaces)).toHaveLength(1);
    await world.agentsWork();
    await world.pass(1_000);
    expect(world.pods()).toEqual([]);
    expect(world.api.all(refs.namespaces)).toEqual([]);
  });
});
