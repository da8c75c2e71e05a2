import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Pod, type ResourceQuota, refs } from '#shared/api';
import { World } from '../testing/world.ts';

const inDefault = { namespace: 'default' };
let world: World;
beforeEach(async () => {
  world = new World();
  await world.start();
  await world.api.create<ResourceQuota>(refs.resourceQuotas, {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'small', ...inDefault },
    spec: { hard: { pods: '2' } },
  });
  await world.pass(100);
});
afterEach(() => world.stop());

const used = () => world.api.all<ResourceQuota>(refs.resourceQuotas)[0]?.status?.used?.['pods'];

/** As admission does, before it lets something in. */
async function charge(pods: string): Promise<void> {
  const patch = { status: { used: { pods } } };
  const options = { ...inDefault, subresource: 'status' };
  await world.api.patch(refs.resourceQuotas, 'small', 'merge', patch, options);
}

const pod = (name: string): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, ...inDefault },
});

it('counts what is there, and what goes', async () => {
  expect(used()).toBe('0');
  await world.api.create(refs.pods, pod('one'));
  await world.pass(100);
  expect(used()).toBe('1');
  await world.api.delete(refs.pods, 'one', { ...inDefault, gracePeriodSeconds: 0 });
  await world.pass(100);
  expect(used()).toBe('0');
});

it('does not forget what was charged for a pod that is about to come; what comes to nothing it gives back', async () => {
  await charge('1');
  await world.pass(1_000);
  expect(used()).toBe('1');
  await world.api.create(refs.pods, pod('one'));
  await world.pass(10_000);
  expect(used()).toBe('1');
  await charge('2');
  await world.pass(10_000);
  expect(used()).toBe('1');
});
