import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isPodActive, type Pod, type ReplicaSet, refs } from '#shared/api';
import { QuorateError } from '#shared/base';
import { template, World } from '../testing/world.ts';
import { planReplicas } from './plan.ts';

const labels = { app: 'x' };
const inDefault = { namespace: 'default' };

function replicaSet(replicas: number, minReadySeconds = 0): ReplicaSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: { name: 'rs', namespace: 'default' },
    spec: {
      replicas,
      minReadySeconds,
      selector: { matchLabels: labels },
      template: template(labels, 'i'),
    },
  };
}

describe('a ReplicaSet', () => {
  let world: World;
  beforeEach(async () => {
    world = new World();
    await world.start();
  });
  afterEach(() => world.stop());

  const status = () => world.replicaSets()[0]?.status;

  it('replaces a pod that is deleted or ends, at once and once', async () => {
    await world.api.create(refs.replicaSets, replicaSet(3));
    await world.pass(100);
    await world.agentsWork();
    const [first, second] = world.pods();
    await world.api.delete(refs.pods, first?.metadata?.name ?? '', inDefault);
    const failed = { status: { phase: 'Failed' } };
    const options = { ...inDefault, subresource: 'status' };
    await world.api.patch(refs.pods, second?.metadata?.name ?? '', 'merge', failed, options);
    await world.pass(100);
    expect(world.pods(isPodActive)).toHaveLength(3);
    expect(world.pods()).toHaveLength(5);
  });

  it('does not act on a cache that it knows to be old', async () => {
    await world.api.create(refs.replicaSets, replicaSet(3));
    for (let i = 0; i < 20; i++) {
      // Every label change brings it back before the pods' events may have come.
      await world.api.patch(
        refs.replicaSets,
        'rs',
        'merge',
        { metadata: { labels: { i: `${i}` } } },
        inDefault,
      );
    }
    await world.pass(1_000);
    expect(world.pods()).toHaveLength(3);
  });

  it('does not wait for pods that came and went while nobody was looking', async () => {
    const show = world.api.hold(refs.pods);
    await world.api.create(refs.replicaSets, replicaSet(3));
    await world.pass(100);
    const options = { ...inDefault, gracePeriodSeconds: 0 };
    for (const { metadata } of world.pods().slice(1)) {
      await world.api.delete(refs.pods, metadata?.name ?? '', options);
    }
    world.api.compact();
    world.api.disconnect();
    show();
    await world.pass(10_000);
    expect(world.pods()).toHaveLength(3);
  });

  it('goes on after creations that failed, and says so meanwhile', async () => {
    world.api.failures.push(...[1, 2].map(() => new QuorateError('forbidden', 'exceeded quota')));
    world.api.seed(refs.replicaSets, replicaSet(2));
    await world.pass(2_000);
    expect(world.pods()).toHaveLength(2);
    expect(status()?.conditions ?? []).toEqual([]);
  });

  it('adopts pods that match and releases those that no longer do', async () => {
    const metadata = { name: 'stray', namespace: 'default', labels };
    await world.api.create<Pod>(refs.pods, { apiVersion: 'v1', kind: 'Pod', metadata });
    await world.api.create(refs.replicaSets, replicaSet(2));
    await world.pass(200);
    expect(world.pods()).toHaveLength(2);
    expect(world.pods().every((pod) => pod.metadata?.ownerReferences?.[0]?.name === 'rs')).toBe(
      true,
    );
    await world.api.patch(
      refs.pods,
      'stray',
      'merge',
      { metadata: { labels: { app: 'y' } } },
      inDefault,
    );
    // Somebody else has just changed it: it is not let go of at the first try, and not forgotten.
    world.api.failures.push(new QuorateError('conflict', 'the object has been modified'));
    await world.pass(200);
    expect(world.pods()).toHaveLength(3);
    const stray = world.pods(({ metadata }) => metadata?.name === 'stray')[0];
    expect(stray?.metadata?.ownerReferences ?? []).toEqual([]);
  });

  it('counts a pod as available after minReadySeconds', async () => {
    await world.api.create(refs.replicaSets, replicaSet(1, 10));
    await world.pass(100);
    await world.agentsWork();
    expect(status()).toMatchObject({ readyReplicas: 1, availableReplicas: 0 });
    await world.pass(12_000);
    expect(status()).toMatchObject({ readyReplicas: 1, availableReplicas: 1 });
  });
});

describe('the choice of pods to delete', () => {
  function pod(name: string, node: string | undefined, phase: string, ready: boolean): Pod {
    const conditions = [{ type: 'Ready', status: ready ? 'True' : 'False' }];
    return {
      metadata: { name },
      spec: { containers: [], ...(node !== undefined && { nodeName: node }) },
      status: { phase, conditions },
    };
  }

  it('takes what serves least first', () => {
    const pods = [
      pod('ready', 'a', 'Running', true),
      pod('unready', 'a', 'Running', false),
      pod('pending', 'a', 'Pending', false),
      pod('unscheduled', undefined, 'Pending', false),
    ];
    const order = [4, 3, 2, 1].map((excess) =>
      planReplicas(replicaSet(4 - excess), pods).remove.map(({ metadata }) => metadata?.name),
    )[0];
    expect(order).toEqual(['unscheduled', 'pending', 'unready', 'ready']);
  });

  it('evens nodes out', () => {
    const pods = ['a', 'b', 'a'].map((node, i) => pod(`p${i}`, node, 'Running', true));
    const [gone] = planReplicas(replicaSet(2), pods).remove;
    expect(gone?.spec?.nodeName).toBe('a');
  });
});
