import { afterEach, beforeEach, expect, it } from 'vitest';
import { type ClusterRole, type ConfigMap, refs } from '#shared/api';
import { QuorateError } from '#shared/base';
import { World } from './testing/world.ts';

let world: World;
beforeEach(async () => {
  world = new World({ rootCa: 'PEM' });
  await world.start();
});
afterEach(() => world.stop());

it('every namespace has its default account and the authority, whoever deletes them', async () => {
  await world.api.create(refs.namespaces, { metadata: { name: 'web' } });
  await world.pass(200);
  const account = (): Promise<unknown> => world.api.get(refs.serviceAccounts, 'default', 'web');
  const authority = (): Promise<ConfigMap> =>
    world.api.get<ConfigMap>(refs.configMaps, 'kube-root-ca.crt', 'web');
  await account();
  expect((await authority()).data).toEqual({ 'ca.crt': 'PEM' });
  await world.api.delete(refs.serviceAccounts, 'default', { namespace: 'web' });
  await world.api.patch(
    refs.configMaps,
    'kube-root-ca.crt',
    'merge',
    { data: { 'ca.crt': 'x', more: 'y' } },
    { namespace: 'web' },
  );
  await world.pass(200);
  await account();
  expect((await authority()).data).toEqual({ 'ca.crt': 'PEM' });
});

it('what a full quota refuses is tried again', async () => {
  await world.api.create(refs.namespaces, { metadata: { name: 'web' } });
  await world.pass(200);
  await world.api.delete(refs.configMaps, 'kube-root-ca.crt', { namespace: 'web' });
  world.api.failures.push(new QuorateError('forbidden', 'exceeded quota: few'));
  await world.pass(5_000);
  const { data } = await world.api.get<ConfigMap>(refs.configMaps, 'kube-root-ca.crt', 'web');
  expect(data).toEqual({ 'ca.crt': 'PEM' });
});

it('a cluster role that is a sum follows its parts', async () => {
  const rule = (resource: string) => ({ apiGroups: [''], resources: [resource], verbs: ['get'] });
  const part = (name: string): ClusterRole => ({
    metadata: { name, labels: { part: 'true' } },
    rules: [rule('pods'), rule(name)],
  });
  const sum: ClusterRole = {
    metadata: { name: 'sum' },
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { part: 'true' } }] },
    rules: [],
  };
  await world.api.create(refs.clusterRoles, sum);
  await world.api.create(refs.clusterRoles, part('b'));
  await world.api.create(refs.clusterRoles, part('a'));
  await world.pass(200);
  const rules = async (): Promise<unknown> =>
    (await world.api.get<ClusterRole>(refs.clusterRoles, 'sum')).rules;
  expect(await rules()).toEqual([rule('pods'), rule('a'), rule('b')]);
  await world.api.delete(refs.clusterRoles, 'a');
  await world.pass(200);
  expect(await rules()).toEqual([rule('pods'), rule('b')]);
});
