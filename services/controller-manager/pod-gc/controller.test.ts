import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Job, refs } from '#shared/api';
import { template, World } from '../testing/world.ts';

const labels = { job: 'x' };

describe('a Job whose pod was on a node that is gone', () => {
  let world: World;
  beforeEach(async () => {
    world = new World();
    await world.start('worker-1', 'worker-2');
  });
  afterEach(() => world.stop());

  async function lose(spec: Partial<NonNullable<Job['spec']>>): Promise<string> {
    await world.api.create<Job>(refs.jobs, {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'x', namespace: 'default' },
      spec: {
        parallelism: 1,
        completions: 1,
        backoffLimit: 3,
        selector: { matchLabels: labels },
        template: template(labels, 'i'),
        ...spec,
      },
    });
    await world.pass(100);
    await world.agentsWork();
    const { uid = '' } = world.pods()[0]?.metadata ?? {};
    world.alive.delete('worker-1');
    await world.api.delete(refs.nodes, 'worker-1');
    await world.pass(6_000);
    return uid;
  }
  it('is told that it has failed when it is deleted, and not before: its agent may live', async () => {
    await lose({ podReplacementPolicy: 'Failed' });
    const about = world.api.writes.filter((write) => write.includes('pods'));
    const deleted = about.findIndex((write) => write.startsWith('delete'));
    expect(about.slice(0, deleted).filter((write) => write.includes('status'))).toHaveLength(1);
  });

  const status = () => world.api.all<Job>(refs.jobs)[0]?.status;
  const uids = () => world.pods().map(({ metadata }) => metadata?.uid);

  it('counts it as failed, also where it waits for the end of each, and makes another', async () => {
    const lost = await lose({ podReplacementPolicy: 'Failed' });
    expect(status()).toMatchObject({ failed: 1, active: 1 });
    expect(uids()).not.toContain(lost);
  });

  it('does not count it where its policy ignores disruptions', async () => {
    const onPodConditions = [{ type: 'DisruptionTarget', status: 'True' }];
    const lost = await lose({
      backoffLimit: 0,
      podFailurePolicy: { rules: [{ action: 'Ignore', onPodConditions }] },
    });
    expect(status()?.failed ?? 0).toBe(0);
    expect(status()?.active).toBe(1);
    expect(uids()).not.toContain(lost);
  });
});
