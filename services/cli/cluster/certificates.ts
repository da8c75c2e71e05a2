import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { TokenKeys } from '#services/apiserver';
import type { Clock } from '#shared/clock';
import {
  type Authority,
  createAuthority,
  createSigningKey,
  type Credentials,
  expiryOf,
  issueClient,
  issueNode,
  issueServer,
  loadAuthority,
} from '#shared/pki';
import type { ServerTls } from '#shared/rpc';
import { kubeconfig, kubeconfigFile } from './kubeconfig.ts';
import { firstAddress, mastersOf, workersOf } from './layout.ts';
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
const waitMs = 20_000;
const pollMs = 15;
/** A certificate lasts a year; what ends sooner than this is made anew at a start. */
const renewBeforeMs = 90 * 24 * 60 * 60 * 1000;

/** Who has a certificate, beside the masters and the workers: the user it names, and its groups. */
const clients = {
  /** Whoever holds the cluster's directory. */
  admin: { user: 'quorate-admin', groups: ['system:masters'] },
  'kube-proxy': { user: 'system:kube-proxy', groups: [] },
  /** The API servers, where they ask an agent for logs and streams. */
  'apiserver-agent-client': { user: 'kube-apiserver-kubelet-client', groups: [] },
} as const;

type Issue = (authority: Authority) => Promise<Credentials>;

/** Every certificate of a cluster by the name of its files, and how it is made. */
function wanted(cluster: Cluster, nowMs: number): [name: string, issue: Issue][] {
  const { parts, serviceCidr } = cluster.state;
  const masters = mastersOf(parts).map(({ name, rest }): [string, Issue] => {
    const ips = new Set([splitAddress(rest).host, '127.0.0.1', firstAddress(serviceCidr)]);
    const names = { dns: [...serviceNames, name], ips: [...ips] };
    return [name, (authority) => issueServer(authority, nowMs, name, names)];
  });
  const workers = workersOf(parts).map(({ name, agent }): [string, Issue] => {
    const ips = new Set([splitAddress(agent).host, '127.0.0.1']);
    const names = { dns: ['localhost', name], ips: [...ips] };
    const user = `system:node:${name}`;
    return [name, (authority) => issueNode(authority, nowMs, user, ['system:nodes'], names)];
  });
  const others = Object.entries(clients).map(([name, { user, groups }]): [string, Issue] => [
    name,
    (authority) => issueClient(authority, nowMs, user, groups),
  ]);
  return [...masters, ...workers, ...others];
}

/**
 * Makes what is missing, and what ends within three months: the cluster's authority, a certificate
 * for each master, worker and component, the key that signs service accounts' tokens, and the
 * administrator's kubeconfig. `nowMs` is since the epoch.
 */
export async function ensureCertificates(cluster: Cluster, nowMs: number): Promise<void> {
  mkdirSync(pkiDir(cluster), { recursive: true, mode: 0o700 });
  const due = wanted(cluster, nowMs).filter(([name]) => !isGood(cluster, name, nowMs));
  if (!existsSync(pkiFile(cluster, 'sa.key'))) {
    writePrivate(pkiFile(cluster, 'sa.key'), await createSigningKey());
  }
  const { cert: ca } = await issueAll(cluster, due, nowMs);
  const renewed = due.some(([name]) => name === 'admin');
  if (!renewed && existsSync(kubeconfigFile(cluster))) return;
  const admin = credentialsOf(cluster, 'admin');
  writePrivate(kubeconfigFile(cluster), kubeconfig(cluster, ca, admin));
}

async function issueAll(
  cluster: Cluster,
  due: readonly [string, Issue][],
  nowMs: number,
): Promise<{ cert: string }> {
  if (due.length === 0) return { cert: readFileSync(pkiFile(cluster, 'ca.crt'), 'utf8') };
  const authority = await authorityOf(cluster, nowMs);
  await Promise.all(due.map(async ([name, issue]) => write(cluster, name, await issue(authority))));
  return authority;
}

/** The cluster's own; made where there is none yet. */
export async function authorityOf(cluster: Cluster, nowMs: number): Promise<Authority> {
  if (existsSync(pkiFile(cluster, 'ca.crt'))) return loadAuthority(credentialsOf(cluster, 'ca'));
  const authority = await createAuthority('quorate', nowMs);
  write(cluster, 'ca', authority);
  return authority;
}

/** There, and for a while yet. */
function isGood(cluster: Cluster, name: string, nowMs: number): boolean {
  const file = pkiFile(cluster, `${name}.crt`);
  if (!existsSync(file) || !existsSync(pkiFile(cluster, `${name}.key`))) return false;
  return (expiryOf(readFileSync(file, 'utf8')) ?? 0) > nowMs + renewBeforeMs;
}

/** A master's or worker's certificate; waits for it while `up` is still making it. */
export async function partCertificate(
  cluster: Cluster,
  name: string,
  clock: Clock,
): Promise<ServerTls> {
  const until = clock.monotonic() + waitMs;
  while (!existsSync(pkiFile(cluster, `${name}.crt`))) {
    if (clock.monotonic() > until) {
      throw new Error(
        `there is no certificate ${pkiFile(cluster, `${name}.crt`)}: quorate up makes it`,
      );
    }
    await clock.sleep(pollMs);
  }
  return identityOf(cluster, name);
}

/** The certificate of a part or client of the cluster, and the authority it comes from. */
export const identityOf = (cluster: Cluster, name: string): ServerTls => ({
  ca: readFileSync(pkiFile(cluster, 'ca.crt'), 'utf8'),
  ...credentialsOf(cluster, name),
});

const credentialsOf = (cluster: Cluster, name: string): Credentials => ({
  cert: readFileSync(pkiFile(cluster, `${name}.crt`), 'utf8'),
  key: readFileSync(pkiFile(cluster, `${name}.key`), 'utf8'),
});

export const pkiFile = (cluster: Cluster, file: string): string => join(pkiDir(cluster), file);

/** The issuer of service accounts' tokens, as Kubernetes has it by default. */
const issuer = 'https://kubernetes.default.svc.cluster.local';

/**
 * What service accounts' tokens are signed with: `sa.key`; every other `sa-*.key` or `sa-*.pub`
 * still verifies what was signed before it was replaced.
 */
export function tokenKeysOf(cluster: Cluster): TokenKeys {
  const read = (file: string): string => readFileSync(pkiFile(cluster, file), 'utf8');
  const former = readdirSync(pkiDir(cluster)).filter((file) => /^sa-.*\.(key|pub)$/.test(file));
  return { issuer, signing: read('sa.key'), verifying: former.map(read) };
}

/** The key first: where there is a certificate, all of it is there. */
function write(cluster: Cluster, name: string, { cert, key }: Credentials): void {
  writePrivate(pkiFile(cluster, `${name}.key`), key);
  writePrivate(pkiFile(cluster, `${name}.crt`), cert);
}

/** In one step, and for the owner alone. */
function writePrivate(file: string, text: string): void {
  writeFileSync(`${file}.new`, text, { mode: 0o600 });
  chmodSync(`${file}.new`, 0o600);
  renameSync(`${file}.new`, file);
}
