import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServerTls } from '#services/apiserver';
import type { Clock } from '#shared/clock';
import { createAuthority, type Credentials, issueClient, issueServer } from '#shared/pki';
import { kubeconfig, kubeconfigFile } from './kubeconfig.ts';
import { firstAddress, mastersOf } from './layout.ts';
import { splitAddress } from './ports.ts';
import { type Cluster, pkiDir } from './state.ts';

/** How servers of the API are called from inside a cluster. */
const serviceNames = [
  'localhost',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
];
const adminGroups = ['system:masters'];
const waitMs = 20_000;
const pollMs = 15;

/**
 * Makes what a new cluster needs, once: its authority, a certificate for each master, one for its
 * administrator, and the kubeconfig that holds that. `nowMs` is since the epoch.
 */
export async function ensureCertificates(cluster: Cluster, nowMs: number): Promise<void> {
  // Written last, so that it is there when all else is.
  if (existsSync(kubeconfigFile(cluster))) return;
  mkdirSync(pkiDir(cluster), { recursive: true, mode: 0o700 });
  const authority = await createAuthority('quorate', nowMs);
  writePrivate(join(pkiDir(cluster), 'ca.key'), authority.key);
  writePrivate(join(pkiDir(cluster), 'ca.crt'), authority.cert);
  const masters = mastersOf(cluster.state.parts).map(async (master) => {
    const ips = new Set([
      splitAddress(master.rest).host,
      '127.0.0.1',
      firstAddress(cluster.state.serviceCidr),
    ]);
    const names = { dns: [...serviceNames, master.name], ips: [...ips] };
    write(cluster, master.name, await issueServer(authority, nowMs, master.name, names));
  });
  const admin = await issueClient(authority, nowMs, 'quorate-admin', adminGroups);
  write(cluster, 'admin', admin);
  await Promise.all(masters);
  writePrivate(kubeconfigFile(cluster), kubeconfig(cluster, authority.cert, admin));
}

/** A master's certificate; waits for it while `up` is still making it. */
export async function serverCertificate(
  cluster: Cluster,
  name: string,
  clock: Clock,
): Promise<ServerTls> {
  const until = clock.monotonic() + waitMs;
  const file = (kind: string): string => join(pkiDir(cluster), kind);
  while (!existsSync(file(`${name}.crt`))) {
    if (clock.monotonic() > until) {
      throw new Error(`there is no certificate ${file(`${name}.crt`)}; quorate up makes it`);
    }
    await clock.sleep(pollMs);
  }
  const read = (kind: string): string => readFileSync(file(kind), 'utf8');
  return { ca: read('ca.crt'), cert: read(`${name}.crt`), key: read(`${name}.key`) };
}

/** The key first: where there is a certificate, all of it is there. */
function write(cluster: Cluster, name: string, { cert, key }: Credentials): void {
  writePrivate(join(pkiDir(cluster), `${name}.key`), key);
  writePrivate(join(pkiDir(cluster), `${name}.crt`), cert);
}

/** In one step, and for the owner alone. */
function writePrivate(file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}
