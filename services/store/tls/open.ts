import { join } from 'node:path';
import { QuorateError } from '#shared/base';
import type { Clock } from '#shared/clock';
import type { Logger } from '#shared/runtime';
import { hostOf, isSecure, parseAddress } from '../address.ts';
import type { Settings } from '../options.ts';
import { TlsIdentity } from './identity.ts';
import { hasCertificate, type TlsOptions } from './options.ts';
import { selfSignedFiles } from './self-signed.ts';

export interface TlsParts {
  readonly side: 'client' | 'peer';
  readonly options: TlsOptions | undefined;
  /** Listened on. */
  readonly urls: readonly string[];
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Who this member is to its clients, or its peers; undefined: it speaks to them in clear text. */
export async function openTls(parts: TlsParts): Promise<TlsIdentity | undefined> {
  const { side, options, urls, log } = parts;
  const secure = urls.filter(isSecure);
  const flags = side === 'client' ? '--cert-file, --key-file' : '--peer-cert-file, --peer-key-file';
  const [url] = secure;
  if (!options || !hasCertificate(options)) {
    if (url === undefined) return undefined;
    throw new QuorateError(
      'bad-request',
      `TLS key/cert (${flags}) must be provided for ${side} url ${url} with HTTPS scheme`,
    );
  }
  if (secure.length < urls.length) {
    log.warn(
      { urls: urls.filter((each) => !secure.includes(each)) },
      `${side} URLs without TLS: ${flags} are not for these`,
    );
  }
  // Other members may be at https:// URLs already, or still, while their cluster changes over.
  if (url === undefined && side === 'client') return undefined;
  return new TlsIdentity(await withFiles(options, urls, parts), log);
}

/** The same certificate serves for connections from here, wherever they go. */
export function openPeerTls(settings: Settings): Promise<TlsIdentity | undefined> {
  const { peerTls: options, listenPeerUrls: urls } = settings;
  return openTls({ ...settings, side: 'peer', options, urls });
}

export function openClientTls(settings: Settings): Promise<TlsIdentity | undefined> {
  const {
    clientTls: options,
    listenClientUrls,
    listenClientHttpUrls,
    listenMetricsUrls,
  } = settings;
  if (listenMetricsUrls.some(isSecure) && !(options && hasCertificate(options))) {
    throw new QuorateError(
      'bad-request',
      'client TLS key/cert (--cert-file, --key-file) must be provided for metrics secure url',
    );
  }
  const urls = [...listenClientUrls, ...listenClientHttpUrls, ...listenMetricsUrls];
  return openTls({ ...settings, side: 'client', options, urls });
}

/** Certificates that are given go before such as are made. */
async function withFiles(
  options: TlsOptions,
  urls: readonly string[],
  { side, dataDir, clock, log }: TlsParts,
): Promise<TlsOptions> {
  if (!options.auto) return options;
  if (options.certFile !== '') {
    log.warn({ side }, 'certificates are given: none are made');
    return { ...options, auto: false };
  }
  const dir = join(dataDir, 'fixtures', side);
  const hosts = urls.map((url) => hostOf(parseAddress(url)));
  const files = await selfSignedFiles(
    dir,
    [...new Set(hosts)],
    clock.now(),
    options.selfSignedYears,
  );
  log.info({ ...files }, 'certificates that sign themselves');
  return { ...options, ...files };
}
