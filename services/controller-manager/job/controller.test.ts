import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { getCondition, type Job, type Pod, refs } from '#shared/api';
import { timestamp } from '#shared/client';
import { template, World } from '../testing/world.ts';
import { formatIndexes, indexesOf } from './indexes.ts';
import { isTracked, trackingFinalizer } from './ledger.ts';
import { planJob } from './plan.ts';

const labels = { job: 'x' };

function job(spec: Partial<NonNullable<Job['spec']>>): Job {
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'x', namespace: 'default' },
    spec: {
      parallelism: 1,
      completions: 1,
      backoffLimit: 2,
      selector: { matchLabels: labels },
      template: template(labels, 'i'),
      ...spec,
    },
  };
}

describe('a Job', () => {
  let world: World;
  beforeEach(async () => {
    world = new World();
    await world.start();
  });
  afterEach(() => world.stop());

  const read = (): Job | undefined => world.api.all<Job>(refs.jobs)[0];
  const status = () => read()?.status;
  const condition = (type: string) => getCondition(status()?.conditions, type);
  const active = () => world.pods(({ status }) => !/Succeeded|Failed/.test(status?.phase ?? ''));

  async function end(pods: readonly Pod[], phase: 'Succeeded' | 'Failed'): Promise<void> {
    const terminated = { exitCode: phase === 'Failed' ? 1 : 0, finishedAt: timestamp(world.clock) };
    const status = { phase, containerStatuses: [{ name: 'main', state: { terminated } }] };
    for (const { metadata } of pods) {
      const options = { namespace: 'default', subresource: 'status' };
      await world.api.patch(refs.pods, metadata?.name ?? '', 'merge', { status }, options);
    }
    await world.pass(100);
  }

  it('runs as many pods at once as it may until enough have succeeded, then writes no more', async () => {
    await world.api.create(refs.jobs, job({ parallelism: 2, completions: 3 }));
    await world.pass(100);
    expect(active()).toHaveLength(2);
    await end(active(), 'Succeeded');
    expect(status()).toMatchObject({ active: 1, succeeded: 2 });
    await end(active(), 'Succeeded');
    expect(status()).toMatchObject({ active: 0, succeeded: 3 });
    expect(condition('Complete')).toMatchObject({ status: 'True', reason: 'CompletionsReached' });
    expect(world.said('Job')).toContain('Completed: Job completed');
    const writes = world.api.writes.filter((write) => write.includes(' jobs')).length;
    await world.pass(60_000);
    expect(world.api.writes.filter((write) => write.includes(' jobs'))).toHaveLength(writes);
  });

  it('makes no pod in place of one that it has counted and does not see counted yet', async () => {
    await world.api.create(refs.jobs, job({ completions: 2 }));
    await world.pass(100);
    const release = world.api.hold(refs.jobs);
    await end(active(), 'Succeeded');
    await end(active(), 'Succeeded');
    expect(world.pods()).toHaveLength(2);
    release();
    await world.pass(200);
    expect(status()).toMatchObject({ succeeded: 2 });
    expect(world.pods()).toHaveLength(2);
  });

  it('waits longer after each failure, and gives up at its limit', async () => {
    await world.api.create(refs.jobs, job({}));
    await world.pass(100);
    await end(active(), 'Failed');
    expect(active()).toHaveLength(0);
    await world.pass(2_000);
    expect(active()).toHaveLength(1);
    await end(active(), 'Failed');
    await world.pass(1_000);
    expect(active()).toHaveLength(0);
    await world.pass(2_000);
    await end(active(), 'Failed');
    await world.pass(10_000);
    expect(active()).toHaveLength(0);
    expect(condition('Failed')?.reason).toBe('BackoffLimitExceeded');
    expect(status()?.failed).toBe(3);
  });

  it('has no pods while it is suspended, and starts its clock again afterwards', async () => {
    await world.api.create(refs.jobs, job({ suspend: true }));
    await world.pass(100);
    expect(world.pods()).toHaveLength(0);
    expect(condition('Suspended')?.status).toBe('True');
    expect(status()?.startTime).toBeUndefined();
    await world.api.patch(
      refs.jobs,
      'x',
      'merge',
      { spec: { suspend: false } },
      { namespace: 'default' },
    );
    await world.pass(100);
    expect(active()).toHaveLength(1);
    expect(condition('Suspended')?.status).toBe('False');
    expect(status()?.startTime).toBeDefined();
  });

  it('deletes the pods that it has let go, also where others cannot be let go yet', async () => {
    await world.api.create(refs.jobs, job({ parallelism: 2, completions: 2 }));
    await world.pass(100);
    const show = world.api.hold(refs.pods);
    const options = { namespace: 'default' };
    const [changed] = active();
    const patch = { metadata: { annotations: { changed: 'unseen' } } };
    await world.api.patch(refs.pods, changed?.metadata?.name ?? '', 'merge', patch, options);
    await world.api.patch(refs.jobs, 'x', 'merge', { spec: { suspend: true } }, options);
    await world.pass(100);
    expect(world.pods().map(isTracked)).toEqual([true]);
    show();
    await world.pass(5_000);
    expect(world.pods()).toEqual([]);
    expect(status()?.failed ?? 0).toBe(0);
  });

  it('is ended by its deadline', async () => {
    await world.api.create(refs.jobs, job({ activeDeadlineSeconds: 5 }));
    await world.pass(100);
    expect(active()).toHaveLength(1);
    await world.pass(6_000);
    expect(condition('Failed')?.reason).toBe('DeadlineExceeded');
    expect(world.pods()).toHaveLength(0);
  });

  it('gives each pod of an Indexed one its number, and a failed number to the next pod', async () => {
    await world.api.create(
      refs.jobs,
      job({ completionMode: 'Indexed', parallelism: 2, completions: 3 }),
    );
    await world.pass(100);
    const hostnames = () =>
      active()
        .map(({ spec }) => spec?.hostname ?? '')
        .sort();
    expect(hostnames()).toEqual(['x-0', 'x-1']);
    const [first] = active().filter(({ spec }) => spec?.hostname === 'x-0');
    if (!first) throw new Error('no pod has the number 0');
    await end([first], 'Failed');
    await world.pass(2_000);
    expect(hostnames()).toEqual(['x-0', 'x-1']);
    await end(active(), 'Succeeded');
    expect(hostnames()).toEqual(['x-2']);
    expect(status()?.completedIndexes).toBe('0,1');
  });

  it('counts a pod that is deleted as soon as it has succeeded', async () => {
    await world.api.create(refs.jobs, job({ completions: 2 }));
    await world.pass(100);
    const [first] = active();
    const name = first?.metadata?.name ?? '';
    const options = { namespace: 'default', subresource: 'status' };
    await world.api.patch(refs.pods, name, 'merge', { status: { phase: 'Succeeded' } }, options);
    await world.api.delete(refs.pods, name, { namespace: 'default', gracePeriodSeconds: 0 });
    await world.pass(100);
    expect(world.pods().map(({ metadata }) => metadata?.name)).not.toContain(name);
    expect(status()).toMatchObject({ active: 1, succeeded: 1, uncountedTerminatedPods: {} });
    await end(active(), 'Succeeded');
    expect(condition('SuccessCriteriaMet')?.status).toBe('True');
    expect(condition('Complete')?.status).toBe('True');
    expect(status()?.succeeded).toBe(2);
  });

  it('counts a pod that was deleted before its end as failed, but none that it has no use for', async () => {
    await world.api.create(refs.jobs, job({ parallelism: 3, completions: 3 }));
    await world.pass(100);
    const merge = (spec: object) =>
      world.api.patch(refs.jobs, 'x', 'merge', { spec }, { namespace: 'default' });
    await merge({ parallelism: 1 });
    await world.pass(100);
    expect(world.pods()).toHaveLength(1);
    expect(status()?.failed ?? 0).toBe(0);
    await world.api.delete(refs.pods, active()[0]?.metadata?.name ?? '', { namespace: 'default' });
    await world.pass(100);
    expect(status()?.failed).toBe(1);
    await world.pass(2_000);
    expect(active()).toHaveLength(1);
  });

  it('lets its pods go when it is gone, whatever they are at', async () => {
    await world.api.create(refs.jobs, job({ parallelism: 2, completions: 2 }));
    await world.pass(100);
    expect(world.pods()[0]?.metadata?.finalizers).toEqual([trackingFinalizer]);
    await world.api.delete(refs.jobs, 'x', { namespace: 'default', propagation: 'background' });
    await world.pass(1_000);
    expect(world.pods()).toHaveLength(0);
    await world.api.create(refs.jobs, job({}));
    await world.pass(100);
    await world.api.delete(refs.jobs, 'x', { namespace: 'default', propagation: 'orphan' });
    await world.pass(1_000);
    expect(world.pods()).toHaveLength(1);
    expect(world.pods()[0]?.metadata?.finalizers ?? []).toEqual([]);
  });

  it('is deleted with its pods after its time to live', async () => {
    await world.api.create(refs.jobs, job({ ttlSecondsAfterFinished: 3 }));
    await world.pass(100);
    await end(active(), 'Succeeded');
    expect(read()).toBeDefined();
    await world.pass(5_000);
    expect(read()).toBeUndefined();
    expect(world.pods()).toHaveLength(0);
  });
});

it('writes sets of numbers as ranges', () => {
  expect(formatIndexes([5, 1, 2, 4, 3, 8, 9])).toBe('1-5,8,9');
  expect(indexesOf('1-5,8,9')).toEqual([1, 2, 3, 4, 5, 8, 9]);
  expect(indexesOf('')).toEqual([]);
});

it('follows its policy for failed pods', () => {
  const failed = (exitCode: number, type?: string): Pod => ({
    metadata: { name: 'p', namespace: 'default', uid: 'p', finalizers: [trackingFinalizer] },
    status: {
      phase: 'Failed',
      ...(type && { conditions: [{ type, status: 'True' }] }),
      containerStatuses: [
        {
          name: 'main',
          image: '',
          imageID: '',
          ready: false,
          restartCount: 0,
          state: { terminated: { exitCode } },
        },
      ],
    },
  });
  const rules = [
    { action: 'FailJob', onExitCodes: { operator: 'In', values: [42] } },
    { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
  ];
  const plan = (pod: Pod) =>
    planJob(
      job({ podFailurePolicy: { rules } }),
      [pod],
      { ms: 0, timestamp: '2026-01-01T00:00:00Z' },
      0,
    );
  expect(plan(failed(42)).status.conditions).toMatchObject([
    {
      type: 'FailureTarget',
      reason: 'PodFailurePolicy',
      message:
        'Container main for pod default/p failed with exit code 42 matching FailJob rule at index 0',
    },
  ]);
  const uncounted = (pod: Pod) => plan(pod).status.uncountedTerminatedPods;
  expect(uncounted(failed(1))).toEqual({ failed: ['p'] });
  expect(uncounted(failed(1, 'DisruptionTarget'))).toEqual({});
  expect(plan(failed(1, 'DisruptionTarget')).settled).toHaveLength(1);
});
