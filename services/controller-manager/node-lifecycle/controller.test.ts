import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { getCondition, isPodActive, isPodReady, type Node, type Pod, refs } from '#shared/api';
import { readyNode, World } from '../testing/world.ts';

const inDefault = { namespace: 'default' };

describe('the node lifecycle', () => {
  let world: World;
  beforeEach(async () => {
    world = new World();
    await world.start('worker-1', 'worker-2');
  });
  afterEach(() => world.stop());

  const node = (name: string): Node | undefined =>
    world.api.all<Node>(refs.nodes).find(({ metadata }) => metadata?.name === name);
  const ready = (name: string): string | undefined =>
    getCondition(node(name)?.status?.conditions, 'Ready')?.status;
  const taints = (name: string): string[] =>
    (node(name)?.spec?.taints ?? []).map(({ key, effect }) => `${key}:${effect}`);

  async function podOn(name: string, spec: Partial<NonNullable<Pod['spec']>> = {}): Promise<void> {
    const metadata = { name, namespace: 'default' };
    const containers = [{ name: 'a' }];
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers, ...spec } };
    await world.run(await world.api.create<Pod>(refs.pods, pod));
  }

  const pod = (name: string): Pod | undefined =>
    world.pods(({ metadata }) => metadata?.name === name)[0];

  it('leaves nodes that are heard of alone', async () => {
    const before = world.api.writes.length;
    await world.pass(30_000);
    expect(world.api.writes.slice(before)).toEqual([]);
  });

  it('marks a silent node, takes its pods out of service, and then deletes them', async () => {
    await podOn('a');
    world.alive.delete('worker-1');
    await world.pass(3_500);
    expect(ready('worker-1')).toBe('True');
    await world.pass(2_000);
    expect(ready('worker-1')).toBe('Unknown');
    expect(getCondition(node('worker-1')?.status?.conditions, 'Ready')).toMatchObject({
      reason: 'NodeStatusUnknown',
      message: 'Kubelet stopped posting node status.',
    });
    expect(taints('worker-1')).toEqual([
      'node.kubernetes.io/unreachable:NoSchedule',
      'node.kubernetes.io/unreachable:NoExecute',
    ]);
    expect(world.pods(isPodReady)).toEqual([]);
    await world.pass(2_000);
    expect(world.pods(isPodActive)).toEqual([]);
    // Nobody is there to end it: as in Kubernetes it stays until its node is back, or gone.
    expect(world.pods()).toHaveLength(1);
    expect(ready('worker-2')).toBe('True');
  });

  it('takes the taints away when the node says that it is ready', async () => {
    world.alive.delete('worker-1');
    await world.pass(8_000);
    world.alive.add('worker-1');
    const { status } = readyNode('worker-1', world.clock);
    const options = { subresource: 'status' };
    await world.api.patch(refs.nodes, 'worker-1', 'merge', { status }, options);
    await world.pass(2_000);
    expect(ready('worker-1')).toBe('True');
    expect(taints('worker-1')).toEqual([]);
  });

  it('leaves pods for as long as they tolerate it', async () => {
    const key = 'node.kubernetes.io/unreachable';
    const forTen = { key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 10 };
    await podOn('ten', { tolerations: [forTen] });
    await podOn('ever', { tolerations: [{ operator: 'Exists' }] });
    world.alive.delete('worker-1');
    await world.pass(12_000);
    expect(pod('ten')?.metadata?.deletionTimestamp).toBeUndefined();
    await world.pass(5_000);
    expect(pod('ten')?.metadata?.deletionTimestamp).toBeDefined();
    expect(pod('ten')?.status?.conditions).toMatchObject([
      { type: 'Ready', status: 'False', reason: 'NodeNotReady' },
      { type: 'DisruptionTarget', status: 'True', reason: 'DeletionByTaintManager' },
    ]);
    expect(pod('ever')?.metadata?.deletionTimestamp).toBeUndefined();
  });

  it('evicts at once what does not tolerate another NoExecute taint', async () => {
    await podOn('a');
    const spec = { taints: [{ key: 'maintenance', effect: 'NoExecute' }] };
    await world.api.patch(refs.nodes, 'worker-1', 'merge', { spec });
    await world.pass(1_000);
    expect(world.pods(isPodActive)).toEqual([]);
  });

  it('moves nothing while no node at all is heard of', async () => {
    await podOn('a');
    world.alive.clear();
    await world.pass(60_000);
    expect(ready('worker-1')).toBe('Unknown');
    expect(world.pods(isPodActive)).toHaveLength(1);
  });

  it('taints a cordoned node, and lets it go', async () => {
    await world.api.patch(refs.nodes, 'worker-1', 'merge', { spec: { unschedulable: true } });
    await world.pass(1_000);
    expect(taints('worker-1')).toEqual(['node.kubernetes.io/unschedulable:NoSchedule']);
    await world.api.patch(refs.nodes, 'worker-1', 'merge', { spec: { unschedulable: null } });
    await world.pass(1_000);
    expect(taints('worker-1')).toEqual([]);
  });

  it('removes the pods of a node that does not exist any more', async () => {
    await podOn('a');
    await world.api.delete(refs.nodes, 'worker-1');
    await world.pass(5_000);
    expect(world.pods()).toEqual([]);
  });

  it('removes deleted pods that were never bound', async () => {
    const metadata = { name: 'a', namespace: 'default', deletionTimestamp: '2026-01-01T00:00:00Z' };
    world.api.seed(refs.pods, { apiVersion: 'v1', kind: 'Pod', metadata });
    await world.pass(5_000);
    expect(world.pods()).toEqual([]);
    await expect(world.api.get(refs.pods, 'a', inDefault.namespace)).rejects.toThrow('not found');
  });
});
