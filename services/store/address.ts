import { lstatSync, rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { QuorateError } from '#shared/base';

/** Where somebody listens, in Node's words; `secure`: over TLS. */
export type Address = { readonly secure: boolean } & (
  | { readonly host: string; readonly port: number }
  | { readonly path: string }
);

const secureSchemes = ['https://', 'unixs://'];

export function isSecure(url: string): boolean {
  return secureSchemes.some((scheme) => url.startsWith(scheme));
}

/** As etcd has them; a socket may have a path, too. */
export function isUrl(url: string): boolean {
  return (
    /^https?:\/\/(\[[0-9a-fA-F:.]+\]|[^/:@\s]+):\d{1,5}$/.test(url) ||
    /^unixs?:\/\/[^\s?#,]+$/.test(url)
  );
}

/** The URL as it is told to others; `host:port` is one of clear text. */
export function asUrl(address: string): string {
  const url = address.includes('://') ? address : `http://${address}`;
  const plain = url.startsWith('http') ? url.replace(/\/$/, '') : url;
  if (isUrl(plain)) return plain;
  throw new QuorateError(
    'bad-request',
    `${address} is not a URL of the form http://host:port or unix://path`,
  );
}

/**
 * Of `host:port` or a URL, where the host may be an IPv6 address in brackets. A socket's path is all
 * that follows `unix://`, as in etcd, whose usual ones look like addresses: `unix://localhost:2379`.
 */
export function parseAddress(address: string): Address {
  const secure = isSecure(address);
  const path = /^unixs?:\/\/(.+)$/.exec(address)?.[1];
  if (path !== undefined) return { secure, path };
  const { hostname, port } = new URL(address.includes('://') ? address : `http://${address}`);
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || (secure ? 443 : 80)),
    secure,
  };
}

/** The name or IP that a certificate is asked for; of a socket, what stands before the colon, as in etcd. */
export function hostOf(address: Address): string {
  return 'path' in address ? address.path.replace(/:\d*$/, '') : address.host;
}

/** Resolves with the port bound, 0 for a socket in the file system. */
export function listenOn(server: Server, url: string): Promise<number> {
  const address = parseAddress(url);
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(
        new QuorateError('unavailable', `cannot listen on ${url}: ${error.message}`, {
          cause: error,
        }),
      );
    });
    if ('path' in address) removeSocket(address.path);
    server.listen(address, () => {
      const bound = server.address();
      resolve(typeof bound === 'object' && bound ? bound.port : 0);
    });
  });
}

/** A process that was killed leaves its socket behind, and nobody can listen there again. */
function removeSocket(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket()) rmSync(path);
}
