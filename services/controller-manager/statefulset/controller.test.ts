import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type ControllerRevision,
  type PersistentVolumeClaim,
  refs,
  type StatefulSet,
} from '#shared/api';
import { template, World } from '../testing/world.ts';

const labels = { app: 'db' };

function statefulSet(spec: Partial<NonNullable<StatefulSet['spec']>>): StatefulSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name: 'db', namespace: 'default' },
    spec: {
      serviceName: 'db',
      replicas: 2,
      selector: { matchLabels: labels },
      template: template(labels, 'one'),
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      ...spec,
    },
  };
}

describe('a StatefulSet', () => {
  let world: World;
  beforeEach(async () => {
    world = new World();
    await world.start();
  });
  afterEach(() => world.stop());

  const names = () =>
    world
      .pods()
      .map(({ metadata }) => metadata?.name ?? '')
      .sort();
  const images = () =>
    Object.fromEntries(
      world.pods().map(({ metadata, spec }) => [metadata?.name, spec?.containers[0]?.image]),
    );
  const read = () => world.api.all<StatefulSet>(refs.statefulSets)[0];
  const change = (spec: object) =>
    world.api.patch(refs.statefulSets, 'db', 'merge', { spec }, { namespace: 'default' });

  async function settle(): Promise<void> {
    for (let i = 0; i < 12; i++) {
      await world.agentsWork();
      await world.pass(200);
    }
  }

  it('makes a claim again that goes before its pod is anywhere', async () => {
    const claims = [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'] } }];
    await world.api.create(refs.statefulSets, statefulSet({ volumeClaimTemplates: claims }));
    await world.pass(500);
    const ids = () =>
      world.api
        .all<PersistentVolumeClaim>(refs.persistentVolumeClaims)
        .map(({ metadata }) => metadata?.uid);
    const [before] = ids();
    await world.api.delete(refs.persistentVolumeClaims, 'data-db-0', { namespace: 'default' });
    await world.pass(500);
    expect(ids()).toHaveLength(1);
    expect(ids()).not.toContain(before);
  });

  it('makes its pods one after the other, each when the one before is ready', async () => {
    const claims = [{ metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'] } }];
    await world.api.create(refs.statefulSets, statefulSet({ volumeClaimTemplates: claims }));
    await world.pass(500);
    expect(names()).toEqual(['db-0']);
    await world.agentsWork();
    expect(names()).toEqual(['db-0', 'db-1']);
    await settle();
    expect(read()?.status).toMatchObject({ replicas: 2, readyReplicas: 2, updatedReplicas: 2 });
    const made = world.api.all<PersistentVolumeClaim>(refs.persistentVolumeClaims);
    expect(made.map(({ metadata }) => metadata?.name)).toEqual(['data-db-0', 'data-db-1']);
    const [first] = world.pods();
    expect(first?.spec).toMatchObject({
      hostname: 'db-0',
      subdomain: 'db',
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data-db-0' } }],
    });
    expect(world.said('StatefulSet')).toEqual([
      'SuccessfulCreate: create Claim data-db-0 Pod db-0 in StatefulSet db success',
      'SuccessfulCreate: create Pod db-0 in StatefulSet db successful',
      'SuccessfulCreate: create Claim data-db-1 Pod db-1 in StatefulSet db success',
      'SuccessfulCreate: create Pod db-1 in StatefulSet db successful',
    ]);
    const writes = world.api.writes.length;
    await world.pass(500);
    expect(world.api.writes).toHaveLength(writes);
  });

  it('makes them all at once where it may, and takes the highest away first', async () => {
    await world.api.create(
      refs.statefulSets,
      statefulSet({ replicas: 3, podManagementPolicy: 'Parallel' }),
    );
    await world.pass(500);
    expect(names()).toEqual(['db-0', 'db-1', 'db-2']);
    await settle();
    await change({ replicas: 1 });
    await settle();
    expect(names()).toEqual(['db-0']);
  });

  it('replaces a pod under its name', async () => {
    await world.api.create(refs.statefulSets, statefulSet({}));
    await settle();
    const uid = world.pods()[0]?.metadata?.uid;
    await world.api.delete(refs.pods, 'db-0', { namespace: 'default', gracePeriodSeconds: 0 });
    await settle();
    expect(names()).toEqual(['db-0', 'db-1']);
    expect(world.pods().some(({ metadata }) => metadata?.uid === uid)).toBe(false);
  });

  it('rolls from the highest down to its partition, and keeps revisions to go back to', async () => {
    await world.api.create(refs.statefulSets, statefulSet({ replicas: 3 }));
    await settle();
    await change({
      template: template(labels, 'two'),
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } },
    });
    await settle();
    expect(images()).toEqual({ 'db-0': 'one', 'db-1': 'two', 'db-2': 'two' });
    expect(read()?.status).toMatchObject({ currentReplicas: 1, updatedReplicas: 2 });
    // Below the partition a pod comes back as it was.
    await world.api.delete(refs.pods, 'db-0', { namespace: 'default', gracePeriodSeconds: 0 });
    await settle();
    expect(images()['db-0']).toBe('one');
    await change({ updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } } });
    await settle();
    expect(images()['db-0']).toBe('two');
    const { currentRevision, updateRevision } = read()?.status ?? {};
    expect(currentRevision).toBe(updateRevision);
    const ofPods = world
      .pods()
      .map(({ metadata }) => metadata?.labels?.['controller-revision-hash']);
    expect(new Set(ofPods)).toEqual(new Set([updateRevision]));
    await change({ template: template(labels, 'one') });
    await settle();
    const revisions = world.api.all<ControllerRevision>(refs.controllerRevisions);
    expect(revisions.map(({ revision }) => revision)).toEqual(expect.arrayContaining([2, 3]));
  });
});
