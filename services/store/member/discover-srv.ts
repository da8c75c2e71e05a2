import { messageOf, QuorateError } from '#shared/base';
import type { InitialCluster } from '../options.ts';

export interface SrvRecord {
  readonly name: string;
  readonly port: number;
}

/** What is asked of DNS. Both reject where there is nothing. */
export interface Dns {
  srv(service: string): Promise<readonly SrvRecord[]>;
  addresses(host: string): Promise<readonly string[]>;
}

export interface SrvSettings {
  readonly domain: string;
  /** Of the service's name: `_etcd-server-SUFFIX._tcp`. */
  readonly suffix: string;
  readonly name: string;
  readonly ownPeerUrls: readonly string[];
}

const services = { https: 'etcd-server-ssl', http: 'etcd-server' } as const;

/**
 * The initial cluster as SRV records have it: as in etcd, members are numbered, but for this one,
 * which is found by its address.
 */
export async function discoverBySrv(dns: Dns, settings: SrvSettings): Promise<InitialCluster> {
  const cluster: Record<string, string[]> = {};
  const own = new Set((await Promise.all(settings.ownPeerUrls.map(endpointsOf(dns)))).flat());
  const failures: string[] = [];
  let number = 0;
  for (const [scheme, service] of Object.entries(services)) {
    const suffix = settings.suffix === '' ? '' : `-${settings.suffix}`;
    const asked = `_${service}${suffix}._tcp.${settings.domain}`;
    const records = await dns.srv(asked).catch((thrown: unknown) => {
      failures.push(`${asked}: ${messageOf(thrown)}`);
      return [];
    });
    for (const record of records) {
      const url = `${scheme}://${record.name.replace(/\.$/, '')}:${record.port}`;
      const ends = await endpointsOf(dns)(url);
      const isOwn = ends.some((end) => own.has(end)) && !(settings.name in cluster);
      const name = isOwn ? settings.name : String(number++);
      cluster[name] = [...(cluster[name] ?? []), url];
    }
  }
  if (Object.keys(cluster).length > 0) return cluster;
  throw new QuorateError(
    'bad-request',
    `error setting up initial cluster: no SRV records (${failures.join('; ')})`,
  );
}

/** `address:port`, each, of a URL. */
function endpointsOf(dns: Dns): (url: string) => Promise<string[]> {
  return async (url) => {
    const { hostname, port } = new URL(url);
    const host = hostname.replace(/^\[|\]$/g, '');
    const addresses = await dns.addresses(host).catch(() => [host]);
    return addresses.map((address) => `${address}:${port}`);
  };
}
