import { join } from 'node:path';
import type { Credentials } from '#shared/pki';
import { mastersOf } from './layout.ts';
import type { Cluster } from './state.ts';

export const kubeconfigFile = (cluster: Cluster): string => join(cluster.dir, 'kubeconfig');

/**
 * The kubeconfig of a cluster's administrator. The context `quorate` is the first master; kubectl
 * knows no list of servers, so every master has a context of its own too.
 */
export function kubeconfig(cluster: Cluster, ca: string, admin: Credentials): string {
  const [first] = mastersOf(cluster.state.parts);
  const servers = [
    ...(first ? [{ name: 'quorate', address: first.rest }] : []),
    ...mastersOf(cluster.state.parts).map(({ name, rest }) => ({
      name: `quorate-${name}`,
      address: rest,
    })),
  ];
  // JSON is YAML, and needs no library to be written.
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'quorate',
    preferences: {},
    clusters: servers.map(({ name, address }) => ({
      name,
      cluster: { server: `https://${address}`, 'certificate-authority-data': base64(ca) },
    })),
    contexts: servers.map(({ name }) => ({
      name,
      context: { cluster: name, user: 'quorate-admin' },
    })),
    users: [
      {
        name: 'quorate-admin',
        user: {
          'client-certificate-data': base64(admin.cert),
          'client-key-data': base64(admin.key),
        },
      },
    ],
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
