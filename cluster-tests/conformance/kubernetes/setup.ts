import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import type { TestProject } from 'vitest/node';
import { startLab } from '#shared/lab';
import { type Credentials, createAuthority, issueClient, issueNode } from '#shared/pki';
import { etcd, Members } from '../../bench/members.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The path of the kubeconfig of the cluster that every file of the suite uses. */
    readonly kubeconfig: string;
    /** Flags of an API server that is to use the same state. */
    readonly storeFlags: string[];
  }
}

/**
 * One cluster for the whole suite: what `quorate up` leaves behind is all that its clients get. With
 * `CONFORMANCE_STORE=etcd` its state is in three members of a real etcd, over TLS with client certificates.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const store = process.env['CONFORMANCE_STORE'] === 'etcd' ? await securedEtcd() : undefined;
  const lab = await startLab({
    masters: 1,
    workers: 2,
    storeEndpoints: store?.endpoints,
    storeTls: store?.tls,
  });
  project.provide('kubeconfig', join(lab.dataDir, 'kubeconfig'));
  const { endpoints, tls } = store ?? { endpoints: [`http://${lab.endpoints[0]}`], tls: undefined };
  project.provide('storeFlags', [
    `--etcd-servers=${endpoints.join(',')}`,
    ...(tls
      ? [
          `--etcd-cafile=${tls.caFile}`,
          `--etcd-certfile=${tls.certFile}`,
          `--etcd-keyfile=${tls.keyFile}`,
        ]
      : []),
  ]);
  return async () => {
    await lab.destroy();
    await store?.destroy();
  };
}

async function securedEtcd() {
  const dir = mkdtempSync(join(tmpdir(), 'quorate-etcd-pki-'));
  const nowMs = Date.now();
  const authority = await createAuthority('etcd', nowMs);
  const write = (name: string, { cert, key }: Credentials) => {
    const files = { certFile: join(dir, `${name}.pem`), keyFile: join(dir, `${name}-key.pem`) };
    writeFileSync(files.certFile, cert);
    writeFileSync(files.keyFile, key, { mode: 0o600 });
    return files;
  };
  const { certFile: caFile } = write('ca', authority);
  const here = { dns: ['localhost'], ips: ['127.0.0.1'] };
  const member = write('member', await issueNode(authority, nowMs, 'member', [], here));
  const client = await issueClient(authority, nowMs, 'apiserver', []);
  const flags = {
    // More than by default: on a busy machine a member may hear of nobody for a second.
    'election-timeout': '3000',
    'cert-file': member.certFile,
    'key-file': member.keyFile,
    'trusted-ca-file': caFile,
    'client-cert-auth': 'true',
    'peer-cert-file': member.certFile,
    'peer-key-file': member.keyFile,
    'peer-trusted-ca-file': caFile,
    'peer-client-cert-auth': 'true',
  };
  const [ca, key, cert] = [authority.cert, client.key, client.cert].map((pem) => Buffer.from(pem));
  const members = new Members(etcd, {
    schemes: { client: 'https', peer: 'https' },
    flags,
    credentials: credentials.createSsl(ca, key, cert),
  });
  await members.startAll();
  await members.leader();
  return {
    endpoints: members.endpoints.map((endpoint) => `https://${endpoint}`),
    tls: { caFile, ...write('client', client) },
    async destroy() {
      await members.destroy();
      rmSync(dir, { recursive: true });
    },
  };
}
