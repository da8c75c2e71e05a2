import { expect, test } from 'vitest';
import type { Service } from '#shared/api';
import { serviceVariables } from './service-variables.ts';

const service = (namespace: string, name: string, clusterIP: string, ports: object[]): Service =>
  ({ metadata: { name, namespace }, spec: { clusterIP, ports } }) as Service;

const services = [
  service('default', 'kubernetes', '127.96.0.1', [{ name: 'https', port: 443 }]),
  service('shop', 'my-web', '127.96.0.9', [{ port: 80, protocol: 'TCP' }]),
  service('shop', 'headless', 'None', [{ port: 80 }]),
  service('other', 'hidden', '127.96.0.8', [{ port: 80 }]),
];

test('a container is told of its namespace’s services, and of the API', () => {
  const told = serviceVariables(services, 'shop', true);
  expect(told).toMatchObject({
    KUBERNETES_SERVICE_HOST: '127.96.0.1',
    KUBERNETES_SERVICE_PORT: '443',
    KUBERNETES_SERVICE_PORT_HTTPS: '443',
    KUBERNETES_PORT: 'tcp://127.96.0.1:443',
    MY_WEB_SERVICE_HOST: '127.96.0.9',
    MY_WEB_PORT_80_TCP_ADDR: '127.96.0.9',
  });
  expect(Object.keys(told).some((name) => /^(HEADLESS|HIDDEN)/.test(name))).toBe(false);
});

test('without service links only the API is named', () => {
  const told = serviceVariables(services, 'shop', false);
  expect(Object.keys(told).every((name) => name.startsWith('KUBERNETES_'))).toBe(true);
  expect(told['KUBERNETES_SERVICE_HOST']).toBe('127.96.0.1');
});
