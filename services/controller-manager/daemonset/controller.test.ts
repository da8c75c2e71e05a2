import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ControllerRevision, type DaemonSet, type Node, refs } from '#shared/api';
import { timestamp } from '#shared/client';
import { readyNode, template, World } from '../testing/world.ts';
import { nodeOf } from './plan.ts';

const labels = { app: 'agent' };

function daemonSet(spec: Partial<NonNullable<DaemonSet['spec']>> = {}): DaemonSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'agent', namespace: 'default' },
    spec: {
      selector: { matchLabels: labels },
      template: template(labels, 'one'),
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1 } },
      ...spec,
    },
  };
}

describe('a DaemonSet', () => {
  let world: World;
  beforeEach(async () => {
    world = new World();
    await world.start('worker-1', 'worker-2', 'worker-3');
  });
  afterEach(() => world.stop());

  const nodes = () =>
    world
      .pods()
      .map((pod) => nodeOf(pod) ?? '')
      .sort();
  const read = () => world.api.all<DaemonSet>(refs.daemonSets)[0];
  const images = () => world.pods().map(({ spec }) => spec?.containers[0]?.image);

  /** Binds each pod to the node that it asks for. */
  async function schedule(): Promise<void> {
    for (const pod of world.pods(({ spec }) => !spec?.nodeName)) {
      const name = pod.metadata?.name ?? '';
      const target = { metadata: {}, target: { name: nodeOf(pod) } };
      await world.api.createSubresource(refs.pods, name, 'binding', target, {
        namespace: 'default',
      });
    }
    await world.agentsWork();
    await world.pass(100);
  }

  it('takes over the history that a predecessor has left behind', async () => {
    await world.api.create(refs.daemonSets, daemonSet());
    await world.pass(500);
    const revision = () => world.api.all<ControllerRevision>(refs.controllerRevisions)[0];
    const { name = '' } = revision()?.metadata ?? {};
    const inDefault = { namespace: 'default' };
    const left = { metadata: { ownerReferences: [] } };
    await world.api.patch(refs.controllerRevisions, name, 'merge', left, inDefault);
    await world.api.delete(refs.daemonSets, 'agent', inDefault);
    await world.api.create(refs.daemonSets, daemonSet());
    await world.pass(500);
    const [owner] = revision()?.metadata?.ownerReferences ?? [];
    expect(owner?.uid).toBe(read()?.metadata?.uid);
  });

  it('has one pod on every node, and on one that comes, and then writes no more', async () => {
    await world.api.create(refs.daemonSets, daemonSet());
    await world.pass(500);
    expect(nodes()).toEqual(['worker-1', 'worker-2', 'worker-3']);
    await schedule();
    await world.pass(500);
    expect(read()?.status).toMatchObject({ desiredNumberScheduled: 3, numberAvailable: 3 });
    world.api.seed<Node>(refs.nodes, readyNode('worker-4', world.clock));
    world.alive.add('worker-4');
    await world.pass(500);
    expect(nodes()).toContain('worker-4');
    await schedule();
    const writes = world.api.writes.length;
    await world.pass(500);
    expect(world.api.writes).toHaveLength(writes);
  });

  it('keeps off nodes that its template does not fit', async () => {
    const tainted = readyNode('worker-3', world.clock);
    const taints = [{ key: 'own', effect: 'NoSchedule' }];
    world.api.seed<Node>(refs.nodes, { ...tainted, spec: { taints } });
    await world.api.create(refs.daemonSets, daemonSet());
    await world.pass(500);
    expect(nodes()).toEqual(['worker-1', 'worker-2']);
  });

  it('leaves a pod where it runs while its node is deleted and registers again', async () => {
    await world.api.create(refs.daemonSets, daemonSet());
    await world.pass(500);
    await schedule();
    await world.api.delete(refs.nodes, 'worker-3');
    await world.pass(300);
    world.api.seed<Node>(refs.nodes, readyNode('worker-3', world.clock));
    await world.pass(300);
    expect(world.pods(({ metadata }) => metadata?.deletionTimestamp !== undefined)).toEqual([]);
    expect(nodes()).toEqual(['worker-1', 'worker-2', 'worker-3']);
  });

  it('takes back a pod that waits for a node that is gone', async () => {
    await world.api.create(refs.daemonSets, daemonSet());
    await world.pass(300);
    await world.api.delete(refs.nodes, 'worker-3');
    await world.pass(300);
    const staying = world.pods(({ metadata }) => metadata?.deletionTimestamp === undefined);
    expect(new Set(staying.map(nodeOf))).toEqual(new Set(['worker-1', 'worker-2']));
    expect(staying).toHaveLength(2);
  });

  it('rolls over its nodes, one unavailable at a time', async () => {
    await world.api.create(refs.daemonSets, daemonSet());
    await world.pass(500);
    await schedule();
    const spec = { template: template(labels, 'two') };
    await world.api.patch(refs.daemonSets, 'agent', 'merge', { spec }, { namespace: 'default' });
    await world.pass(300);
    const leaving = world.pods(({ metadata }) => metadata?.deletionTimestamp !== undefined);
    expect(leaving).toHaveLength(1);
    for (let i = 0; i < 8; i++) {
      await world.agentsWork();
      await schedule();
    }
    expect(images()).toEqual(['two', 'two', 'two']);
    expect(read()?.status?.updatedNumberScheduled).toBe(3);
  });

  describe('with maxSurge', () => {
    const surge = (maxSurge: number | string) => ({
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge } },
    });
    const of = (image: string) =>
      world.pods(({ spec }) => spec?.containers[0]?.image === image).map((pod) => nodeOf(pod));
    const leaving = () => world.pods(({ metadata }) => metadata?.deletionTimestamp !== undefined);

    async function rollTo(image: string): Promise<void> {
      const spec = { template: template(labels, image) };
      await world.api.patch(refs.daemonSets, 'agent', 'merge', { spec }, { namespace: 'default' });
      await world.pass(300);
    }

    async function running(maxSurge: number | string): Promise<void> {
      await world.api.create(refs.daemonSets, daemonSet(surge(maxSurge)));
      await world.pass(500);
      await schedule();
    }

    it('starts a new pod beside the old one, which stays until the new one is available', async () => {
      await running(1);
      await rollTo('two');
      expect(of('one')).toHaveLength(3);
      expect(of('two')).toHaveLength(1);
      expect(leaving()).toEqual([]);
      expect(read()?.status).toMatchObject({
        currentNumberScheduled: 3,
        updatedNumberScheduled: 0,
        numberReady: 3,
        numberAvailable: 3,
        numberUnavailable: 0,
      });
      for (let i = 0; i < 12; i++) {
        await schedule();
        expect(read()?.status?.numberAvailable).toBe(3);
        const staying = world.pods(({ metadata }) => metadata?.deletionTimestamp === undefined);
        expect(staying.length).toBeLessThanOrEqual(4);
      }
      expect(images()).toEqual(['two', 'two', 'two']);
      expect(nodes()).toEqual(['worker-1', 'worker-2', 'worker-3']);
      expect(read()?.status?.updatedNumberScheduled).toBe(3);
    });

    it('goes on when a pod is available that was ready for a moment before', async () => {
      const spec = { ...surge(1), minReadySeconds: 4 };
      await world.api.create(refs.daemonSets, daemonSet(spec));
      await world.pass(500);
      await schedule();
      await world.pass(6_000);
      await rollTo('two');
      const [next] = world.pods(({ spec }) => spec?.containers[0]?.image === 'two');
      const say = async (status: string): Promise<void> => {
        const lastTransitionTime = timestamp(world.clock);
        const conditions = [{ type: 'Ready', status, lastTransitionTime }];
        const options = { namespace: 'default', subresource: 'status' };
        const patch = { status: { conditions } };
        await world.api.patch(refs.pods, next?.metadata?.name ?? '', 'merge', patch, options);
        await world.pass(1_500);
      };
      await schedule();
      await world.pass(1_500);
      await say('False');
      await say('True');
      await world.pass(8_000);
      expect(leaving().length + 3 - of('one').length).toBeGreaterThan(0);
    });

    it('surges on as many nodes as a percentage rounds up to', async () => {
      await running('50%');
      await rollTo('two');
      expect(of('two')).toHaveLength(2);
      expect(leaving()).toEqual([]);
    });

    it('replaces a pod that is not ready at once, beyond the limit', async () => {
      await world.api.create(refs.daemonSets, daemonSet(surge(1)));
      await world.pass(500);
      await rollTo('two');
      expect(of('one')).toEqual([]);
      expect(of('two')).toHaveLength(3);
    });

    it('drops a surged pod whose template was superseded, and keeps the one that serves', async () => {
      await running(1);
      await rollTo('two');
      await rollTo('three');
      await world.pass(300);
      expect(of('one')).toHaveLength(3);
      expect(of('two')).toEqual([]);
      expect(of('three')).toHaveLength(1);
    });
  });
});
