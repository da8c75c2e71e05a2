import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type KubeObject, type OwnerReference, refs } from '#shared/api';
import { World } from '../testing/world.ts';

const inDefault = { namespace: 'default' };

describe('the garbage collector', () => {
  let world: World;
  beforeEach(async () => {
    world = new World();
    await world.start();
  });
  afterEach(() => world.stop());

  const names = (): string[] =>
    world.api.all(refs.configMaps).map(({ metadata }) => metadata?.name ?? '');

  async function make(name: string, ...owners: KubeObject[]): Promise<KubeObject> {
    const ownerReferences = owners.map(
      ({ metadata }): OwnerReference => ({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        name: metadata?.name ?? '',
        uid: metadata?.uid ?? '',
        blockOwnerDeletion: true,
      }),
    );
    const metadata = { name, namespace: 'default', ownerReferences };
    return world.api.create(refs.configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata });
  }

  it('deletes what loses its last owner, and what that owned', async () => {
    const owner = await make('owner');
    const child = await make('child', owner);
    await make('grandchild', child);
    await make('free');
    await world.api.delete(refs.configMaps, 'owner', inDefault);
    await world.pass(200);
    expect(names()).toEqual(['free']);
  });

  it('deletes what is created for an owner that is gone, or a namesake of it', async () => {
    const owner = await make('owner');
    await world.api.delete(refs.configMaps, 'owner', inDefault);
    await make('late', owner);
    await make('owner');
    await world.pass(200);
    expect(names()).toEqual(['owner']);
  });

  it('keeps what still has an owner, and forgets the one that is gone', async () => {
    const [a, b] = [await make('a'), await make('b')];
    await make('shared', a, b);
    await world.api.delete(refs.configMaps, 'a', inDefault);
    await world.pass(200);
    const shared = await world.api.get(refs.configMaps, 'shared', 'default');
    expect(shared.metadata?.ownerReferences?.map(({ name }) => name)).toEqual(['b']);
  });

  it('deletes dependents first in the foreground', async () => {
    const owner = await make('owner');
    const child = await make('child', owner);
    await make('grandchild', child);
    await world.pass(100);
    await world.api.delete(refs.configMaps, 'owner', { ...inDefault, propagation: 'foreground' });
    expect(names()).toContain('owner');
    await world.pass(500);
    expect(names()).toEqual([]);
    const gone = world.api.writes.filter((write) => /^(delete|update) /.test(write));
    expect(gone.findLastIndex((write) => write.endsWith('/owner'))).toBe(gone.length - 1);
  });

  it('goes on in the foreground where somebody first wanted to leave the dependents', async () => {
    const owner = await make('owner');
    const held = { ...owner, metadata: { ...owner.metadata, finalizers: ['example.com/hold'] } };
    await world.api.update(refs.configMaps, held);
    await world.api.delete(refs.configMaps, 'owner', { ...inDefault, propagation: 'orphan' });
    await world.pass(200);
    await make('late', owner);
    await world.pass(200);
    expect(names()).toEqual(['owner', 'late']);
    await world.api.delete(refs.configMaps, 'owner', { ...inDefault, propagation: 'foreground' });
    await world.pass(500);
    expect(names()).toEqual(['owner']);
  });

  it('lets dependents live when they are orphaned', async () => {
    const owner = await make('owner');
    await make('child', owner);
    await world.pass(100);
    await world.api.delete(refs.configMaps, 'owner', { ...inDefault, propagation: 'orphan' });
    await world.pass(200);
    expect(names()).toEqual(['child']);
    const child = await world.api.get(refs.configMaps, 'child', 'default');
    expect(child.metadata?.ownerReferences).toEqual([]);
  });

  it('lets dependents live that were made a moment before, and are not in its cache yet', async () => {
    const owner = await make('owner');
    await world.pass(100);
    const release = world.api.hold(refs.secrets);
    const ownerReferences = [
      { apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: owner.metadata?.uid ?? '' },
    ];
    const metadata = { name: 'child', namespace: 'default', ownerReferences };
    await world.api.create(refs.secrets, { apiVersion: 'v1', kind: 'Secret', metadata });
    await world.api.delete(refs.configMaps, 'owner', { ...inDefault, propagation: 'orphan' });
    await world.pass(200);
    expect(names()).toEqual([]);
    release();
    await world.pass(200);
    const child = await world.api.get(refs.secrets, 'child', 'default');
    expect(child.metadata?.ownerReferences).toEqual([]);
  });

  it('leaves alone what names an owner of a kind that nobody serves', async () => {
    const stranger = { apiVersion: 'example.com/v1', kind: 'Thing', name: 't', uid: 'u' };
    const metadata = { name: 'x', namespace: 'default', ownerReferences: [stranger] };
    await world.api.create(refs.configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata });
    await world.pass(1_000);
    expect(names()).toEqual(['x']);
  });
});
