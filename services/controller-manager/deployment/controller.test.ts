import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type Event,
  getCondition,
  isPodActive,
  isPodReady,
  refs,
  rolloutStatus,
} from '#shared/api';
import { deployment, template, World } from '../testing/world.ts';
import { revisionAnnotation } from './replica-sets.ts';

const inDefault = { namespace: 'default' };

describe('a Deployment', () => {
  let world: World;
  beforeEach(async () => {
    world = new World();
    await world.start();
  });
  afterEach(() => world.stop());

  const update = (name: string, spec: object) =>
    world.api.patch(refs.deployments, name, 'merge', { spec }, inDefault);
  const rollout = () => {
    const found = world.deployment('web');
    return found ? rolloutStatus(found) : undefined;
  };
  const sizes = (): number[] => world.replicaSets().map(({ spec }) => spec?.replicas ?? -1);

  /** A Deployment that is rolled out and settled. */
  async function settled(spec: Parameters<typeof deployment>[1] = {}): Promise<void> {
    await world.api.create(refs.deployments, deployment('web', spec));
    await world.pass(100);
    await world.agentsWork();
    expect(rollout()?.done).toBe(true);
  }

  it('makes a ReplicaSet, which makes pods, and says when it is done', async () => {
    await world.api.create(refs.deployments, deployment('web', {}));
    await world.pass(100);
    expect(world.pods()).toHaveLength(3);
    expect(world.pods()[0]?.metadata?.ownerReferences?.[0]?.kind).toBe('ReplicaSet');
    expect(rollout()?.message).toContain('0 of 3 updated replicas are available');
    await world.agentsWork();
    expect(rollout()?.done).toBe(true);
    const found = world.deployment('web');
    expect(found?.metadata?.annotations?.[revisionAnnotation]).toBe('1');
    expect(found?.status).toMatchObject({ replicas: 3, readyReplicas: 3, availableReplicas: 3 });
    const conditions = found?.status?.conditions;
    expect(getCondition(conditions, 'Progressing')?.reason).toBe('NewReplicaSetAvailable');
    expect(getCondition(conditions, 'Available')?.reason).toBe('MinimumReplicasAvailable');
    const events = world.api.all<Event>(refs.events).map(({ reason = '' }) => reason);
    expect(events.toSorted()).toEqual([
      'ScalingReplicaSet',
      'SuccessfulCreate',
      'SuccessfulCreate',
      'SuccessfulCreate',
    ]);
  });

  it('writes nothing when nothing changes', async () => {
    await settled();
    const before = world.api.writes.length;
    world.api.disconnect();
    world.api.compact();
    await world.pass(60_000);
    expect(world.api.writes.slice(before)).toEqual([]);
  });

  it('counts the ReplicaSet that it made, though the cache does not show it yet', async () => {
    const release = world.api.hold(refs.replicaSets);
    await world.api.create(refs.deployments, deployment('web', {}));
    await world.pass(100);
    await update('web', { template: template({ app: 'web' }, 'two') });
    await world.pass(100);
    const total = (): number => sizes().reduce((sum, size) => sum + size, 0);
    expect(sizes()).toHaveLength(2);
    expect(total()).toBe(4);
    release();
    await world.pass(100);
    expect(total()).toBe(4);
  });

  it('counts a ReplicaSet as large as it has made it, though the cache does not show it yet', async () => {
    await settled();
    await update('web', { template: template({ app: 'web' }, 'two') });
    await world.pass(100);
    expect(sizes()).toEqual([3, 1]);
    const release = world.api.hold(refs.replicaSets);
    const strategy = { rollingUpdate: { maxSurge: 3, maxUnavailable: 0 } };
    await update('web', { strategy });
    await world.pass(100);
    expect(sizes()).toEqual([3, 3]);
    await update('web', { template: template({ app: 'web' }, 'three') });
    await world.pass(100);
    expect(sizes()).toHaveLength(3);
    expect(sizes().reduce((sum, size) => sum + size, 0)).toBe(6);
    release();
  });

  it('rolls a new template out without ever having too few or too many', async () => {
    await settled();
    await update('web', { template: template({ app: 'web' }, 'two') });
    for (let step = 0; step < 12; step++) {
      await world.pass(50);
      const active = world.pods(isPodActive);
      expect(active.length).toBeLessThanOrEqual(4);
      expect(active.filter(isPodReady).length).toBeGreaterThanOrEqual(3);
      await world.agentsWork();
    }
    expect(rollout()?.done).toBe(true);
    expect(sizes()).toEqual([0, 3]);
    const images = world.pods().map(({ spec }) => spec?.containers[0]?.image);
    expect(images).toEqual(['two', 'two', 'two']);
    expect(world.deployment('web')?.metadata?.annotations?.[revisionAnnotation]).toBe('2');
  });

  it('goes back to an old template by its old ReplicaSet, as a new revision', async () => {
    await settled();
    await update('web', { template: template({ app: 'web' }, 'two') });
    for (let step = 0; step < 12; step++) await world.agentsWork();
    await update('web', { template: template({ app: 'web' }, 'one') });
    for (let step = 0; step < 12; step++) await world.agentsWork();
    expect(rollout()?.done).toBe(true);
    expect(world.replicaSets()).toHaveLength(2);
    expect(world.deployment('web')?.metadata?.annotations?.[revisionAnnotation]).toBe('3');
  });

  it('scales, up and down, through the ReplicaSet there is', async () => {
    await settled();
    await update('web', { replicas: 5 });
    await world.agentsWork();
    await world.agentsWork();
    expect(sizes()).toEqual([5]);
    expect(rollout()?.done).toBe(true);
    await update('web', { replicas: 0 });
    await world.pass(100);
    await world.agentsWork();
    expect(world.pods()).toEqual([]);
    expect(rollout()?.done).toBe(true);
  });

  it('shares a change of size out in the middle of a rollout', async () => {
    const rollingUpdate = { maxSurge: 3, maxUnavailable: 2 };
    await settled({ replicas: 10, strategy: { type: 'RollingUpdate', rollingUpdate } });
    await update('web', { template: template({ app: 'web' }, 'bad') });
    await world.pass(100);
    // Kubernetes' own example: 10 replicas, surge 3, unavailable 2, then scaled to 15.
    expect(sizes()).toEqual([8, 5]);
    await update('web', { replicas: 15 });
    await world.pass(100);
    expect(sizes()).toEqual([11, 7]);
  });

  it('waits for every old pod with Recreate', async () => {
    await settled({ strategy: { type: 'Recreate' } });
    await update('web', { template: template({ app: 'web' }, 'two') });
    await world.pass(200);
    expect(sizes()).toEqual([0]);
    expect(world.pods(isPodActive)).toEqual([]);
    await world.agentsWork();
    expect(sizes()).toEqual([0, 3]);
    await world.agentsWork();
    expect(rollout()?.done).toBe(true);
  });

  it('waits with Recreate for no pod that was let go', async () => {
    await settled({ replicas: 1, strategy: { type: 'Recreate' } });
    const [old] = world.pods();
    await update('web', { template: template({ app: 'web' }, 'two') });
    await world.pass(100);
    expect(sizes()).toEqual([0]);
    const { name = '' } = old?.metadata ?? {};
    const metadata = { labels: { app: 'nobody' }, ownerReferences: null };
    await world.api.patch(refs.pods, name, 'merge', { metadata }, inDefault);
    await world.pass(100);
    expect(sizes()).toEqual([0, 1]);
  });

  it('does nothing about a template while paused, and goes on afterwards', async () => {
    await settled();
    await update('web', { paused: true, template: template({ app: 'web' }, 'two') });
    await world.pass(500);
    expect(world.replicaSets()).toHaveLength(1);
    const { conditions } = world.deployment('web')?.status ?? {};
    expect(getCondition(conditions, 'Progressing')?.reason).toBe('DeploymentPaused');
    await update('web', { paused: false });
    for (let step = 0; step < 12; step++) await world.agentsWork();
    expect(rollout()?.done).toBe(true);
    expect(world.replicaSets()).toHaveLength(2);
  });

  it('says when it makes no progress', async () => {
    await world.api.create(refs.deployments, deployment('web', { progressDeadlineSeconds: 30 }));
    await world.pass(25_000);
    expect(rollout()?.failed).toBe(false);
    await world.pass(15_000);
    expect(rollout()?.message).toBe('deployment "web" exceeded its progress deadline');
    await world.agentsWork();
    expect(rollout()?.done).toBe(true);
  });

  it('keeps as many old ReplicaSets as asked for', async () => {
    await settled({ revisionHistoryLimit: 1 });
    for (const image of ['two', 'three', 'four']) {
      await update('web', { template: template({ app: 'web' }, image) });
      for (let step = 0; step < 12; step++) await world.agentsWork();
    }
    expect(world.replicaSets()).toHaveLength(2);
  });

  it('takes everything it made with it', async () => {
    await settled();
    await world.api.delete(refs.deployments, 'web', inDefault);
    await world.pass(500);
    expect(world.replicaSets()).toEqual([]);
    expect(world.pods(isPodActive)).toEqual([]);
  });
});
