import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CronJob, type Job, refs } from '#shared/api';
import { template, World } from '../testing/world.ts';
import { dueTimes } from './schedule.ts';

const minute = 60_000;

function cronJob(spec: Partial<NonNullable<CronJob['spec']>>): CronJob {
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'tick', namespace: 'default' },
    spec: {
      schedule: '* * * * *',
      concurrencyPolicy: 'Allow',
      jobTemplate: {
        spec: { selector: { matchLabels: { a: 'b' } }, template: template({ a: 'b' }, 'i') },
      },
      ...spec,
    },
  };
}

describe('a CronJob', () => {
  let world: World;
  beforeEach(async () => {
    world = new World();
    await world.start();
  });
  afterEach(() => world.stop());

  const jobs = () => world.api.all<Job>(refs.jobs);
  const read = () => world.api.all<CronJob>(refs.cronJobs)[0];

  async function finish(type: 'Complete' | 'Failed'): Promise<void> {
    for (const { metadata, status } of jobs()) {
      if (status?.conditions) continue;
      const conditions = [{ type, status: 'True' }];
      const options = { namespace: 'default', subresource: 'status' };
      await world.api.patch(
        refs.jobs,
        metadata?.name ?? '',
        'merge',
        { status: { conditions } },
        options,
      );
    }
    await world.pass(100);
  }

  it('makes a Job each time it is due, and keeps a few that have ended', async () => {
    await world.api.create(refs.cronJobs, cronJob({ successfulJobsHistoryLimit: 2 }));
    await world.pass(minute + 1_000);
    expect(jobs()).toHaveLength(1);
    expect(jobs()[0]?.metadata?.name).toMatch(/^tick-\d+$/);
    expect(read()?.status?.active).toHaveLength(1);
    for (let i = 0; i < 4; i++) {
      await finish('Complete');
      await world.pass(minute);
    }
    await finish('Complete');
    expect(jobs()).toHaveLength(2);
    const last = jobs().at(-1)?.metadata?.name;
    expect(world.said('CronJob')).toContain(
      `SawCompletedJob: Saw completed job: ${last}, condition: Complete`,
    );
    expect(read()?.status?.active).toBeUndefined();
  });

  it('does not run while the one before does, where that is forbidden', async () => {
    await world.api.create(refs.cronJobs, cronJob({ concurrencyPolicy: 'Forbid' }));
    await world.pass(3 * minute);
    expect(jobs()).toHaveLength(1);
  });

  it('replaces the one before, where it says so', async () => {
    await world.api.create(refs.cronJobs, cronJob({ concurrencyPolicy: 'Replace' }));
    await world.pass(minute + 1_000);
    const [first] = jobs();
    await world.pass(minute);
    expect(jobs()).toHaveLength(1);
    expect(jobs()[0]?.metadata?.name).not.toBe(first?.metadata?.name);
  });

  const made = () => world.api.writes.filter((write) => write.startsWith('create jobs'));

  it('does not run twice for one time, though its cache is older than its Jobs', async () => {
    await world.api.create(refs.cronJobs, cronJob({ successfulJobsHistoryLimit: 0 }));
    await world.pass(100);
    const show = world.api.hold(refs.cronJobs);
    await world.pass(minute);
    await finish('Complete');
    show();
    await world.pass(100);
    expect(made()).toHaveLength(1);
    expect(jobs()).toEqual([]);
  });

  it('rests while it is suspended', async () => {
    await world.api.create(refs.cronJobs, cronJob({ suspend: true }));
    await world.pass(3 * minute);
    expect(jobs()).toHaveLength(0);
  });
});

describe('a CronJob whose last run was made by somebody who did not get to write it down', () => {
  const iso = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

  async function found(spec: Partial<NonNullable<CronJob['spec']>>, ended: boolean) {
    const world = new World();
    const nowMs = world.clock.now();
    const dueMs = nowMs - (nowMs % minute);
    const { metadata, ...cron } = cronJob(spec);
    const creationTimestamp = iso(nowMs - 2 * minute);
    world.api.seed(refs.cronJobs, {
      ...cron,
      metadata: { ...metadata, uid: 'c', creationTimestamp },
    });
    const owner = { apiVersion: 'batch/v1', kind: 'CronJob', name: 'tick', uid: 'c' };
    const conditions = ended ? [{ type: 'Complete', status: 'True' }] : [];
    world.api.seed<Job>(refs.jobs, {
      metadata: {
        name: `tick-${dueMs / minute}`,
        namespace: 'default',
        ownerReferences: [{ ...owner, controller: true }],
        annotations: { 'batch.kubernetes.io/cronjob-scheduled-timestamp': iso(dueMs) },
      },
      spec: { ...cron.spec?.jobTemplate.spec, parallelism: 0 },
      status: { conditions },
    } as Job);
    await world.start();
    await world.stop();
    const [left] = world.api.all<CronJob>(refs.cronJobs);
    expect(left?.status?.lastScheduleTime).toBe(iso(dueMs));
    return world.api.writes.filter((write) => / jobs /.test(write));
  }

  it.each(['Allow', 'Forbid', 'Replace'])('has run (%s)', async (concurrencyPolicy) => {
    expect(await found({ concurrencyPolicy }, false)).toEqual([]);
  });

  it('has run, though nothing is to be kept of it', async () => {
    const writes = await found({ successfulJobsHistoryLimit: 0 }, true);
    expect(writes.map((write) => write.split(' ')[0])).toEqual(['delete']);
  });
});

describe('a schedule', () => {
  const at = (text: string): number => Date.parse(text);

  it('is read in its time zone', () => {
    const since = at('2026-01-10T00:00:00Z');
    expect(dueTimes('0 9 * * *', 'Asia/Tokyo', since, since).next).toBe(at('2026-01-11T00:00:00Z'));
    expect(dueTimes('@midnight', undefined, since, since).next).toBe(at('2026-01-11T00:00:00Z'));
    expect(dueTimes('0 9 ? * mon', undefined, since, since).next).toBe(at('2026-01-12T09:00:00Z'));
  });

  it('counts only the last of several missed runs', () => {
    const since = at('2026-01-10T00:00:00Z');
    const now = at('2026-01-10T00:10:30Z');
    expect(dueTimes('*/5 * * * *', undefined, since, now)).toEqual({
      latest: at('2026-01-10T00:10:00Z'),
      next: at('2026-01-10T00:15:00Z'),
      tooMany: false,
    });
    expect(dueTimes('* * * * *', undefined, since, at('2026-03-10T00:00:00Z'))).toMatchObject({
      latest: at('2026-03-10T00:00:00Z'),
      tooMany: true,
    });
  });
});
