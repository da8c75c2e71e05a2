import {
  CoordinationV1Api,
  CoreV1Api,
  KubeConfig,
  KubernetesObjectApi,
  PatchStrategy,
  type V1ConfigMap,
  V1MicroTime,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { followConfigMaps } from './follow-config-maps.ts';

/** What controllers are made of, by the official client for Node.js. */
const config = new KubeConfig();
const namespace = 'informers';
let core: CoreV1Api;

beforeAll(async () => {
  config.loadFromFile(inject('kubeconfig'));
  core = config.makeApiClient(CoreV1Api);
  await core.createNamespace({ body: { metadata: { name: namespace } } });
});
afterAll(() => core.deleteNamespace({ name: namespace }));

const configMap = (name: string, data: Record<string, string> = {}): V1ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data,
});

test('an informer tells of everything, in order', async () => {
  await core.createNamespacedConfigMap({ namespace, body: configMap('before') });
  const { informer, seen } = followConfigMaps(config, namespace);
  await informer.start();
  await expect.poll(() => seen, { timeout: 60_000 }).toEqual(['add before ']);
  await core.createNamespacedConfigMap({ namespace, body: configMap('one', { n: '1' }) });
  await core.replaceNamespacedConfigMap({
    namespace,
    name: 'one',
    body: configMap('one', { n: '2' }),
  });
  await core.deleteNamespacedConfigMap({ namespace, name: 'one' });
  await expect
    .poll(() => seen.slice(1), { timeout: 60_000 })
    .toEqual(['add one 1', 'update one 2', 'delete one 2']);
  expect(informer.get('before', namespace)?.metadata?.name).toBe('before');
  await informer.stop();
});

test('a write with an old resourceVersion is a conflict', async () => {
  const first = await core.createNamespacedConfigMap({ namespace, body: configMap('raced') });
  await core.replaceNamespacedConfigMap({
    namespace,
    name: 'raced',
    body: { data: { a: '1' }, metadata: first.metadata ?? {} },
  });
  const late = core.replaceNamespacedConfigMap({
    namespace,
    name: 'raced',
    body: { data: { a: '2' }, metadata: first.metadata ?? {} },
  });
  await expect(late).rejects.toMatchObject({ code: 409 });
});

test('leader election: of several that want a Lease at once, one gets it', async () => {
  const leases = config.makeApiClient(CoordinationV1Api);
  const lease = (holderIdentity: string, resourceVersion?: string) => ({
    metadata: { name: 'leader', namespace, ...(resourceVersion && { resourceVersion }) },
    spec: { holderIdentity, leaseDurationSeconds: 1, renewTime: new V1MicroTime() },
  });
  const first = await leases.createNamespacedLease({ namespace, body: lease('one') });
  const { resourceVersion = '' } = first.metadata ?? {};
  const claims = await Promise.allSettled(
    ['two', 'three', 'four'].map((who) =>
      leases.replaceNamespacedLease({
        namespace,
        name: 'leader',
        body: lease(who, resourceVersion),
      }),
    ),
  );
  expect(claims.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  const { spec } = await leases.readNamespacedLease({ namespace, name: 'leader' });
  expect(['two', 'three', 'four']).toContain(spec?.holderIdentity);
  expect(String(spec?.renewTime)).toMatch(/\.\d{6}Z$/);
});

test('objects of any kind: create, patch, apply, list, delete', async () => {
  const objects = KubernetesObjectApi.makeApiClient(config);
  await objects.create(configMap('any', { a: '1' }));
  await objects.patch(
    configMap('any', { b: '2' }),
    undefined,
    undefined,
    undefined,
    undefined,
    PatchStrategy.MergePatch,
  );
  const read = await objects.read(configMap('any') as { metadata: { name: string } });
  expect((read as V1ConfigMap).data).toEqual({ a: '1', b: '2' });
  const { items } = await objects.list('v1', 'ConfigMap', namespace);
  expect(items.map(({ metadata }) => metadata?.name)).toContain('any');
  await objects.delete(configMap('any'));
  await expect(
    objects.read(configMap('any') as { metadata: { name: string } }),
  ).rejects.toMatchObject({
    code: 404,
  });
});
