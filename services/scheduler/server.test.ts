import { describe, expect, it, vi } from 'vitest';
import { type Event, type Node, type Pod, refs } from '#shared/api';
import { createRng, QuorateError } from '#shared/base';
import { ManualClock } from '#shared/clock';
import { MemoryApi } from '../../shared/client/testing/memory-api.ts';
import { pass } from '../../shared/client/testing/pass.ts';
import { silentLog } from '../../shared/client/testing/silent-log.ts';
import { createScheduler } from './server.ts';

function setUp() {
  const clock = new ManualClock();
  const api = new MemoryApi(clock);
  const options = { api, clock, log: silentLog, identity: 'one', rng: createRng(1) };
  return { clock, api, scheduler: createScheduler(options) };
}

function node(name: string, cpu = '1'): Node {
  const metadata = { name };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata,
    status: { allocatable: { cpu, memory: '1Gi' } },
  };
}

function pod(name: string, cpu: string): Pod {
  const containers = [{ name: 'a', resources: { requests: { cpu } } }];
  const metadata = { name, namespace: 'default' };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers } };
}

const placeOf = (api: MemoryApi, name: string): string | undefined =>
  api.all<Pod>(refs.pods).find(({ metadata }) => metadata?.name === name)?.spec?.nodeName;

describe('the scheduler', () => {
  it('binds what fits, counting what it has only just assigned', async () => {
    const { clock, api, scheduler } = setUp();
    api.seed(refs.nodes, node('worker-1'));
    api.seed(refs.nodes, node('worker-2'));
    for (const name of ['a', 'b', 'c']) api.seed(refs.pods, pod(name, '600m'));
    await scheduler.start();
    await pass(clock, 100);
    const places = new Set([placeOf(api, 'a'), placeOf(api, 'b')]);
    expect(places).toEqual(new Set(['worker-1', 'worker-2']));
    expect(placeOf(api, 'c')).toBeUndefined();
    const [waiting] = api.all<Pod>(refs.pods).filter(({ spec }) => !spec?.nodeName);
    expect(waiting?.status?.conditions).toMatchObject([
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable' },
    ]);
    const events = api
      .all<Event>(refs.events)
      .map(({ reason, message }) => `${reason}: ${message}`);
    expect(events.toSorted()).toEqual([
      'FailedScheduling: 0/2 nodes are available: 2 Insufficient cpu. preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.',
      `Scheduled: Successfully assigned default/a to ${placeOf(api, 'a')}`,
      `Scheduled: Successfully assigned default/b to ${placeOf(api, 'b')}`,
    ]);
    await scheduler.stop();
  });

  it('places a waiting pod when a node comes, and when a pod makes room', async () => {
    const { clock, api, scheduler } = setUp();
    api.seed(refs.pods, pod('a', '600m'));
    await scheduler.start();
    await pass(clock, 5_000);
    api.seed(refs.nodes, node('worker-1'));
    await pass(clock, 10);
    expect(placeOf(api, 'a')).toBe('worker-1');
    api.seed(refs.pods, pod('b', '600m'));
    await pass(clock, 5_000);
    expect(placeOf(api, 'b')).toBeUndefined();
    await api.delete(refs.pods, 'a', { namespace: 'default', gracePeriodSeconds: 0 });
    await pass(clock, 10);
    expect(placeOf(api, 'b')).toBe('worker-1');
    await scheduler.stop();
  });

  it('tries again after a binding that failed', async () => {
    const { clock, api, scheduler } = setUp();
    await scheduler.start();
    await pass(clock, 10);
    api.seed(refs.nodes, node('worker-1'));
    api.failures.push(new QuorateError('unavailable', 'down'));
    api.seed(refs.pods, pod('a', '600m'));
    await pass(clock, 10);
    expect(placeOf(api, 'a')).toBeUndefined();
    await pass(clock, 2_000);
    expect(placeOf(api, 'a')).toBe('worker-1');
    await scheduler.stop();
  });

  it('says why a pod waits beside what others say meanwhile', async () => {
    const { clock, api, scheduler } = setUp();
    const patch = api.patch.bind(api);
    const target = { type: 'DisruptionTarget', status: 'True' };
    const waiting = pod('a', '2');
    const { metadata } = api.seed(refs.pods, waiting);
    vi.spyOn(api, 'patch').mockImplementation((...args) => {
      api.seed(refs.pods, { ...waiting, metadata, status: { conditions: [target] } } as Pod);
      return patch(...args);
    });
    api.seed(refs.nodes, node('worker-1'));
    await scheduler.start();
    await pass(clock, 100);
    const types = api.all<Pod>(refs.pods)[0]?.status?.conditions?.map(({ type }) => type);
    expect(types).toEqual(['DisruptionTarget', 'PodScheduled']);
    await scheduler.stop();
  });

  it('says why a pod waits, also where that could not be written at first', async () => {
    const { clock, api, scheduler } = setUp();
    const patch = api.patch.bind(api);
    let failures = 0;
    vi.spyOn(api, 'patch').mockImplementation((...args) => {
      if (failures++ > 1) return patch(...args);
      return Promise.reject(new QuorateError('unavailable', 'down'));
    });
    api.seed(refs.nodes, node('worker-1'));
    api.seed(refs.pods, pod('a', '2'));
    await scheduler.start();
    await pass(clock, 20_000);
    expect(api.all<Pod>(refs.pods)[0]?.status?.conditions).toMatchObject([
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable' },
    ]);
    await scheduler.stop();
  });

  it('gives the room of a binding that failed to whoever waits for it', async () => {
    const { clock, api, scheduler } = setUp();
    const bind = api.createSubresource.bind(api);
    vi.spyOn(api, 'createSubresource').mockImplementation(async (ref, name, ...more) => {
      if (name !== 'a') return bind(ref, name, ...more);
      await clock.sleep(5_000);
      throw new QuorateError('conflict', 'somebody else was faster');
    });
    api.seed(refs.nodes, node('worker-1'));
    for (const name of ['a', 'b']) api.seed(refs.pods, pod(name, '600m'));
    await scheduler.start();
    await pass(clock, 4_000);
    expect(placeOf(api, 'b')).toBeUndefined();
    await pass(clock, 2_000);
    expect(placeOf(api, 'b')).toBe('worker-1');
    await scheduler.stop();
  });

  it('gives nobody the room of a binding that may have been done', async () => {
    const { clock, api, scheduler } = setUp();
    const bind = api.createSubresource.bind(api);
    vi.spyOn(api, 'createSubresource').mockImplementation(async (ref, name, ...more) => {
      const bound = await bind(ref, name, ...more);
      if (name === 'a') throw new QuorateError('unavailable', 'the connection dropped');
      return bound;
    });
    api.seed(refs.nodes, node('worker-1'));
    for (const name of ['a', 'b']) api.seed(refs.pods, pod(name, '600m'));
    await scheduler.start();
    api.hold(refs.pods);
    await pass(clock, 20_000);
    expect(placeOf(api, 'a')).toBe('worker-1');
    expect(placeOf(api, 'b')).toBeUndefined();
    await scheduler.stop();
  });

  it('places a waiting pod when the node is gone from whose place it had to keep apart', async () => {
    const { clock, api, scheduler } = setUp();
    const spreading = (name: string): Pod => {
      const { spec, metadata, ...rest } = pod(name, '100m');
      const labels = { app: 'a' };
      const constraint = {
        maxSkew: 1,
        topologyKey: 'zone',
        whenUnsatisfiable: 'DoNotSchedule',
        labelSelector: { matchLabels: labels },
      };
      return {
        ...rest,
        metadata: { ...metadata, labels },
        spec: { containers: [], ...spec, topologySpreadConstraints: [constraint] },
      };
    };
    const inZone = (name: string, cpu: string): Node => ({
      ...node(name, cpu),
      metadata: { name, labels: { zone: name } },
    });
    api.seed(refs.nodes, inZone('worker-1', '1'));
    api.seed(refs.nodes, inZone('worker-2', '0'));
    for (const name of ['a', 'b']) api.seed(refs.pods, spreading(name));
    await scheduler.start();
    await pass(clock, 5_000);
    const waiting = ['a', 'b'].find((name) => placeOf(api, name) === undefined);
    expect(waiting).toBeDefined();
    await api.delete(refs.nodes, 'worker-2');
    await pass(clock, 10);
    expect(placeOf(api, waiting ?? '')).toBe('worker-1');
    await scheduler.stop();
  });

  it('makes room for a pod of higher priority, and keeps it for that one', async () => {
    const { clock, api, scheduler } = setUp();
    const prioritized = (name: string, priority: number): Pod => {
      const { spec, ...rest } = pod(name, '600m');
      return { ...rest, spec: { containers: [], ...spec, priority } };
    };
    const find = (name: string): Pod | undefined =>
      api.all<Pod>(refs.pods).find(({ metadata }) => metadata?.name === name);
    api.seed(refs.nodes, node('worker-1'));
    api.seed(refs.pods, prioritized('low', 1));
    await scheduler.start();
    await pass(clock, 100);
    const { uid } = api.seed(refs.pods, prioritized('high', 10)).metadata ?? {};
    await pass(clock, 100);
    expect(find('low')?.metadata?.deletionTimestamp).toBeDefined();
    expect(find('low')?.status?.conditions).toMatchObject([
      { type: 'DisruptionTarget', reason: 'PreemptionByScheduler' },
    ]);
    expect(find('high')?.status?.nominatedNodeName).toBe('worker-1');
    const events = api.all<Event>(refs.events).map(({ reason, message }) => [reason, message]);
    expect(events).toContainEqual(['Preempted', `Preempted by pod ${uid} on node worker-1`]);
    // Another of low priority, and the one in between: the room that comes free is not theirs.
    for (const name of ['other', 'middle']) api.seed(refs.pods, prioritized(name, 2));
    await pass(clock, 20_000);
    expect(api.writes.filter((write) => write.startsWith('delete pods'))).toHaveLength(1);
    await api.delete(refs.pods, 'low', { namespace: 'default', gracePeriodSeconds: 0 });
    await pass(clock, 20_000);
    expect(placeOf(api, 'high')).toBe('worker-1');
    expect(placeOf(api, 'other') ?? placeOf(api, 'middle')).toBeUndefined();
    await scheduler.stop();
  });

  it('keeps the promises of the scheduler that led before, and its victims', async () => {
    const { clock, api, scheduler } = setUp();
    const now = new Date(clock.now()).toISOString();
    const disrupted = { type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler' };
    const low = pod('low', '600m');
    api.seed(refs.nodes, node('worker-1'));
    api.seed(refs.pods, {
      ...low,
      metadata: { ...low.metadata, deletionTimestamp: now, deletionGracePeriodSeconds: 30 },
      spec: { containers: [], ...low.spec, nodeName: 'worker-1' },
      status: { conditions: [disrupted] },
    });
    api.seed(refs.pods, { ...pod('high', '600m'), status: { nominatedNodeName: 'worker-1' } });
    const high = api.all<Pod>(refs.pods).find(({ metadata }) => metadata?.name === 'high');
    api.seed(refs.pods, { ...high, spec: { containers: [], ...high?.spec, priority: 10 } });
    await scheduler.start();
    await pass(clock, 100);
    expect(api.writes.filter((write) => write.startsWith('delete'))).toEqual([]);
    const messages = api.all<Event>(refs.events).map(({ message }) => message);
    expect(messages).toEqual([
      '0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to a terminating pod on the nominated node.',
    ]);
    await api.delete(refs.pods, 'low', { namespace: 'default', gracePeriodSeconds: 0 });
    await pass(clock, 20_000);
    expect(placeOf(api, 'high')).toBe('worker-1');
    await scheduler.stop();
  });

  it('tries again to make room where a victim could not be told', async () => {
    const { clock, api, scheduler } = setUp();
    api.seed(refs.nodes, node('worker-1'));
    api.seed(refs.pods, pod('low', '600m'));
    await scheduler.start();
    await pass(clock, 100);
    const dropped = new QuorateError('unavailable', 'the connection dropped');
    vi.spyOn(api, 'delete').mockRejectedValueOnce(dropped);
    const { spec, ...rest } = pod('high', '600m');
    api.seed(refs.pods, { ...rest, spec: { containers: [], ...spec, priority: 10 } });
    await pass(clock, 10_000);
    const low = api.all<Pod>(refs.pods).find(({ metadata }) => metadata?.name === 'low');
    expect(low?.metadata?.deletionTimestamp).toBeDefined();
    await scheduler.stop();
  });

  it('preempts nobody for a pod whose class says so', async () => {
    const { clock, api, scheduler } = setUp();
    api.seed(refs.nodes, node('worker-1'));
    api.seed(refs.pods, pod('low', '600m'));
    await scheduler.start();
    await pass(clock, 100);
    const { spec, ...rest } = pod('high', '600m');
    const never = { containers: [], ...spec, priority: 10, preemptionPolicy: 'Never' };
    api.seed(refs.pods, { ...rest, spec: never });
    await pass(clock, 100);
    expect(api.writes.filter((write) => write.startsWith('delete'))).toEqual([]);
    const messages = api.all<Event>(refs.events).map(({ message }) => message);
    expect(messages).toContain(
      '0/1 nodes are available: 1 Insufficient cpu. preemption: not eligible due to preemptionPolicy=Never.',
    );
    await scheduler.stop();
  });

  it('writes nothing twice about a pod that stays unschedulable', async () => {
    const { clock, api, scheduler } = setUp();
    api.seed(refs.nodes, node('worker-1'));
    api.seed(refs.pods, pod('a', '2'));
    await scheduler.start();
    await pass(clock, 200_000);
    expect(api.writes.filter((write) => write.includes('pods/status'))).toHaveLength(1);
    await scheduler.stop();
  });
});
