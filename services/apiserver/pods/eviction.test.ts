import { beforeEach, expect, it } from 'vitest';
import { createRng } from '#shared/base';
import { type Pod, type PodDisruptionBudget, refs } from '#shared/api';
import { ManualClock } from '#shared/clock';
import { MvccKv } from '../../../shared/client/testing/mvcc-kv.ts';
import { silentLog } from '../../../shared/client/testing/silent-log.ts';
import { bootstrap } from '../bootstrap.ts';
import { type Core, createCore } from '../core.ts';
import { pod } from '../testing/api-on-mvcc.ts';
import { noAgent } from '../testing/no-agent.ts';
import { bindPod } from './binding.ts';
import { evictPod } from './eviction.ts';

const inDefault = { namespace: 'default' };
let core: Core;

beforeEach(async () => {
  const clock = new ManualClock();
  core = createCore({
    kv: new MvccKv(clock),
    clock,
    log: silentLog,
    rng: createRng(1),
    uuid: () => 'uid',
    connectAgent: () => Promise.resolve(noAgent()),
  });
  await bootstrap(core.registry, core.kinds, clock, silentLog, new AbortController().signal);
});

const pods = () => core.kinds.builtin(refs.pods);
const budgets = () => core.kinds.builtin(refs.podDisruptionBudgets);
const stored = (): Promise<Pod> => core.registry.get(pods(), 'a', 'default');

/** Runs, and is covered by a budget that can pay once. */
async function made(): Promise<Pod> {
  const { registry } = core;
  await registry.create(
    pods(),
    { ...pod('a'), metadata: { name: 'a', labels: { a: 'b' } } },
    inDefault,
  );
  await bindPod(registry, pods(), core.clock, 'a', { target: { name: 'w1' } }, inDefault);
  const running = { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } };
  const status = { ...inDefault, subresource: 'status' };
  await registry.patch(pods(), 'a', 'merge', running, status);
  const budget = { metadata: { name: 'b' }, spec: { selector: { matchLabels: { a: 'b' } } } };
  await registry.create(budgets(), budget, inDefault);
  const allowed = { observedGeneration: 1, disruptionsAllowed: 1 };
  const others = { currentHealthy: 1, desiredHealthy: 0, expectedPods: 1 };
  await registry.patch(budgets(), 'b', 'merge', { status: { ...allowed, ...others } }, status);
  return stored();
}

const evict = (preconditions: object) =>
  evictPod(
    core.registry,
    pods(),
    budgets(),
    core.clock,
    'a',
    { deleteOptions: { preconditions } },
    inDefault,
  );

const left = async (): Promise<number | undefined> => {
  const budget: PodDisruptionBudget = await core.registry.get(budgets(), 'b', 'default');
  return budget.status?.disruptionsAllowed;
};

it.each([{ uid: 'other' }, { resourceVersion: '1' }])(
  'of another pod than was meant, or another version, does nothing and costs nothing (%o)',
  async (preconditions) => {
    const before = await made();
    await expect(evict(preconditions)).rejects.toMatchObject({ code: 'conflict' });
    expect(await stored()).toEqual(before);
    expect(await left()).toBe(1);
  },
);

it('of the version that was meant ends it', async () => {
  const { metadata } = await made();
  await evict({ uid: metadata?.uid, resourceVersion: metadata?.resourceVersion });
  expect((await stored()).metadata?.deletionTimestamp).toBeDefined();
  expect(await left()).toBe(0);
});
