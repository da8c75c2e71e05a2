import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { KindInfo } from '#shared/api';
import type { GrpcApiClient } from '#shared/client';
import type { ClientTls } from '#shared/rpc';
import { setting } from '#shared/runtime';
import { mastersOf } from '../cluster/layout.ts';
import { dataDir, readCluster } from '../cluster/state.ts';
import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';
import type { ConnectionOptions, NamespaceOptions } from '../options.ts';

/** A connection to the API, and what the verb was told about where to look. */
export interface Session {
  readonly api: GrpcApiClient;
  readonly namespace: string;
  kinds(): Promise<readonly KindInfo[]>;
}

/** Runs `fn` with a connection and closes it afterwards, whatever happens. */
export async function withSession<T>(
  context: Context,
  options: NamespaceOptions,
  fn: (session: Session) => Promise<T>,
): Promise<T> {
  const servers = apiServers(context, options);
  const { createGrpcApiClient } = await import('#shared/client');
  const tls = await apiIdentity(context, options);
  const api = createGrpcApiClient({ servers, clock: context.clock, tls });
  let known: Promise<readonly KindInfo[]> | undefined;
  try {
    return await fn({
      api,
      namespace: namespaceOf(context, options),
      kinds: () => {
        known ??= api.kinds();
        return known;
      },
    });
  } finally {
    await api.close();
  }
}

export const namespaceOf = (context: Context, options: NamespaceOptions): string =>
  setting('--namespace', options.namespace, context.env) ?? 'default';

/** `--server`, else $QUORATE_SERVER, else the API servers of the cluster in the data directory. */
export function apiServers(context: Context, options: ConnectionOptions): string[] {
  const named = setting('--server', options.server, context.env);
  if (named !== undefined) return named.split(',').map(checkAddress);
  const dir = dataDir(options.dataDir, context.env, context.cwd);
  const cluster = readCluster(dir);
  if (cluster) return mastersOf(cluster.state.parts).map((master) => master.api);
  throw new CommandError(`there is no cluster in ${dir}`, {
    hint: 'Start one with `quorate up`, or name a server with --server host:port.',
  });
}

/** Who asks: as the flags say, else the administrator of the cluster in the data directory. */
export async function apiIdentity(
  context: Context,
  options: ConnectionOptions,
): Promise<ClientTls> {
  const value = (flag: string, given?: string): string | undefined =>
    setting(flag, given, context.env);
  const file = (path: string | undefined): string | undefined =>
    path === undefined ? undefined : readFileSync(resolve(context.cwd, path), 'utf8');
  const cluster = readCluster(dataDir(options.dataDir, context.env, context.cwd));
  const { identityOf } = await import('../cluster/certificates.ts');
  const admin = cluster ? identityOf(cluster, 'admin') : undefined;
  const ca = file(value('--certificate-authority', options.certificateAuthority)) ?? admin?.ca;
  if (ca === undefined) {
    throw new CommandError('no certificate authority to know the server by', {
      hint: 'Name the cluster with --data-dir, or a file with --certificate-authority.',
    });
  }
  const token = value('--token', options.token);
  if (token !== undefined) return { ca, token: () => token };
  const cert = file(value('--client-certificate', options.clientCertificate));
  const key = file(value('--client-key', options.clientKey));
  return cert === undefined && key === undefined ? { ...admin, ca } : { ca, cert, key };
}

function checkAddress(address: string): string {
  const trimmed = address.trim();
  if (/^[^\s:/]+:\d+$/.test(trimmed)) return trimmed;
  throw new CommandError(`invalid server "${address}": must be host:port`);
}
