import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  type Endpoints,
  type Pod,
  type PodDisruptionBudget,
  refs,
  type Service,
} from '#shared/api';
import { deployment, World } from '../testing/world.ts';

const inDefault = { namespace: 'default' };
let world: World;
beforeEach(async () => {
  world = new World();
  await world.start();
  await world.api.create(refs.deployments, deployment('web', {}));
  await world.pass(500);
});
afterEach(() => world.stop());

const budget = (spec: object): PodDisruptionBudget => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name: 'web', namespace: 'default' },
  spec: { selector: { matchLabels: { app: 'web' } }, ...spec },
});

it('a budget counts the ready pods that may go, and those that there would be', async () => {
  await world.api.create(refs.podDisruptionBudgets, budget({ minAvailable: '60%' }));
  await world.pass(500);
  const status = () => world.api.all<PodDisruptionBudget>(refs.podDisruptionBudgets)[0]?.status;
  expect(status()).toMatchObject({ expectedPods: 3, currentHealthy: 0, disruptionsAllowed: 0 });
  await world.agentsWork();
  await world.pass(500);
  expect(status()).toMatchObject({ desiredHealthy: 2, currentHealthy: 3, disruptionsAllowed: 1 });
  const spec = { minAvailable: null, maxUnavailable: 2 };
  await world.api.patch(refs.podDisruptionBudgets, 'web', 'merge', { spec }, inDefault);
  await world.pass(500);
  expect(status()).toMatchObject({ desiredHealthy: 1, disruptionsAllowed: 2 });
  const writes = world.api.writes.length;
  await world.pass(500);
  expect(world.api.writes).toHaveLength(writes);
});

it('a budget hears of a pod that it does not select any more', async () => {
  const metadata = { name: 'solo', namespace: 'default', labels: { app: 'solo' } };
  await world.api.create<Pod>(refs.pods, { apiVersion: 'v1', kind: 'Pod', metadata });
  const selector = { matchLabels: { app: 'solo' } };
  await world.api.create(refs.podDisruptionBudgets, budget({ selector, minAvailable: 1 }));
  await world.pass(500);
  const status = () => world.api.all<PodDisruptionBudget>(refs.podDisruptionBudgets)[0]?.status;
  expect(status()?.expectedPods).toBe(1);
  const labels = { app: 'other' };
  await world.api.patch(refs.pods, 'solo', 'merge', { metadata: { labels } }, inDefault);
  await world.pass(500);
  expect(status()?.expectedPods).toBe(0);
});

it('Endpoints say what EndpointSlices say, and go with their Service', async () => {
  const service: Service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'default' },
    spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
  };
  await world.api.create(refs.services, service);
  await world.agentsWork();
  await world.pass(500);
  const read = () => world.api.all<Endpoints>(refs.endpoints)[0];
  expect(read()?.subsets).toHaveLength(1);
  expect(read()?.subsets?.[0]?.addresses).toHaveLength(3);
  expect(read()?.subsets?.[0]?.ports).toEqual([{ port: 8080, protocol: 'TCP' }]);
  const writes = world.api.writes.length;
  await world.pass(500);
  expect(world.api.writes).toHaveLength(writes);
  await world.api.delete(refs.services, 'web', inDefault);
  await world.pass(500);
  expect(read()).toBeUndefined();
});
