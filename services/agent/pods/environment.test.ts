import { expect, test } from 'vitest';
import { containerEnvironment } from './environment.ts';
import { expand } from './expand.ts';

const secret = { data: { password: Buffer.from('s3cret').toString('base64') } };
const context = {
  pod: {
    metadata: { name: 'web', namespace: 'shop', uid: 'u', labels: { app: 'x' } },
    spec: { containers: [] },
  },
  nodeName: 'node-1',
  podIp: '127.64.1.2',
  hostIp: '127.0.0.1',
  allocatable: { cpu: '2', memory: '1024Ki' },
  base: { PATH: '/bin' },
  services: {},
  sources: {
    configMap: (name: string) =>
      Promise.resolve(name === 'settings' ? { data: { color: 'red' } } : undefined),
    secret: (name: string) => Promise.resolve(name === 'login' ? secret : undefined),
  },
};
const environment = (more: object) => containerEnvironment({ name: 'main', ...more }, context);

test('names are expanded where they are known, and dollars can be escaped', () => {
  expect(expand('$(A)-$(B)-$$(A)-$A-$(', { A: '1' })).toBe('1-$(B)-$(A)-$A-$(');
});

test('every container knows who it is, and nothing of the host', async () => {
  expect(await environment({})).toEqual({
    PATH: '/bin',
    HOSTNAME: 'web',
    POD_IP: '127.64.1.2',
    POD_NAME: 'web',
    POD_NAMESPACE: 'shop',
  });
});

test('values come from the manifest, the pod, ConfigMaps and Secrets', async () => {
  const field = (name: string, fieldPath: string) => ({
    name,
    valueFrom: { fieldRef: { fieldPath } },
  });
  const env = [
    { name: 'A', value: 'a' },
    { name: 'B', value: '$(A)$(color)$(LATER)' },
    { name: 'LATER', value: 'x' },
    field('IP', 'status.podIP'),
    field('NODE', 'spec.nodeName'),
    field('APP', "metadata.labels['app']"),
    { name: 'C', valueFrom: { secretKeyRef: { name: 'login', key: 'password' } } },
    { name: 'D', valueFrom: { configMapKeyRef: { name: 'no', key: 'k', optional: true } } },
  ];
  const envFrom = [
    { configMapRef: { name: 'settings' } },
    { prefix: 'L_', secretRef: { name: 'login' } },
  ];
  const found = await environment({ env, envFrom });
  expect(found).toMatchObject({
    A: 'a',
    B: 'ared$(LATER)',
    IP: '127.64.1.2',
    NODE: 'node-1',
    APP: 'x',
    C: 's3cret',
    color: 'red',
    L_password: 's3cret',
  });
  expect(found).not.toHaveProperty('D');
});

test('what is missing and not optional is named', async () => {
  const from = (valueFrom: object) => environment({ env: [{ name: 'A', valueFrom }] });
  await expect(from({ configMapKeyRef: { name: 'no', key: 'k' } })).rejects.toThrow(
    'configmap "no" not found',
  );
  await expect(from({ configMapKeyRef: { name: 'settings', key: 'k' } })).rejects.toThrow(
    "couldn't find key k in ConfigMap shop/settings",
  );
  await expect(from({ fieldRef: { fieldPath: 'spec.what' } })).rejects.toThrow(
    'unsupported fieldPath: spec.what',
  );
});
