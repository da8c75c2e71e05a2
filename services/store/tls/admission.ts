import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate, type TLSSocket } from 'node:tls';
import type { TlsOptions } from './options.ts';

const failed = 'client certificate authentication failed';

/** In the words of etcd and Go: why a certificate that was verified is still no good here; undefined: nothing speaks against it. */
export async function admission(
  socket: TLSSocket,
  { allowedCommonNames, allowedHostnames, skipClientSanVerification }: TlsOptions,
  crl: Buffer | undefined,
): Promise<string | undefined> {
  const certificate = socket.getPeerCertificate();
  // Nobody was asked for one.
  if (!certificate.raw) return undefined;
  const name = commonNameOf(certificate);
  if (crl && (await isRevoked(certificate.serialNumber, crl))) {
    return `transport: certificate serial ${certificate.serialNumber} revoked ("${name}")`;
  }
  if (allowedCommonNames.length > 0 && !allowedCommonNames.includes(name)) {
    return `${failed}: the common name "${name}" is not allowed`;
  }
  const matches = (host: string): boolean => !checkServerIdentity(host, certificate);
  if (allowedHostnames.length > 0 && !allowedHostnames.some(matches)) {
    return `${failed}: the certificate of "${name}" is for none of ${allowedHostnames.join(', ')}`;
  }
  if (skipClientSanVerification) return undefined;
  // Whoever comes by a socket of the file system is on this machine.
  return misplaced(certificate, socket.remoteAddress ?? '127.0.0.1');
}

export function commonNameOf({ subject }: PeerCertificate): string {
  // Several come as an array, which the types do not say.
  const name = subject?.CN as string | readonly string[] | undefined;
  return (typeof name === 'string' ? name : name?.[0]) ?? '';
}

/** `crl`: PEM or DER. */
export async function isRevoked(serialNumber: string, crl: Buffer): Promise<boolean> {
  await import('reflect-metadata');
  const { X509Crl } = await import('@peculiar/x509');
  const list = new X509Crl(isPem(crl) ? crl.toString('latin1') : new Uint8Array(crl));
  const plain = (hex: string): string => hex.toLowerCase().replace(/^0+/, '');
  return list.entries.some((entry) => plain(entry.serialNumber) === plain(serialNumber));
}

const isPem = (bytes: Buffer): boolean => bytes.subarray(0, 64).includes('-----BEGIN');

/** As etcd's peers ask: who has names or addresses in its certificate must come from one of them. */
async function misplaced(
  { subjectaltname }: PeerCertificate,
  remoteAddress: string,
): Promise<string | undefined> {
  const address = plainAddress(remoteAddress);
  const names = (subjectaltname ?? '').split(', ').filter((part) => part !== '');
  const of = (kind: string): string[] =>
    names.filter((part) => part.startsWith(kind)).map((part) => part.slice(kind.length));
  const ips = of('IP Address:').map(plainAddress);
  const hosts = of('DNS:');
  if ((ips.length === 0 && hosts.length === 0) || ips.includes(address)) return undefined;
  for (const host of hosts) if ((await addressesOf(host)).includes(address)) return undefined;
  if (hosts.length === 0) {
    return `x509: certificate is valid for ${ips.join(', ')}, not ${address}`;
  }
  const nor = ips.map((ip) => `, nor is it ${ip}`).join('');
  return `tls: "${address}" does not match any of DNSNames ${JSON.stringify(hosts)}${nor}`;
}

async function addressesOf(host: string): Promise<string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => plainAddress(address));
  } catch {
    return [];
  }
}

/** OpenSSL writes IPv6 in full, sockets in short, and IPv4 may come as IPv6. */
function plainAddress(text: string): string {
  const address = text.replace(/^::ffff:/, '');
  return isIP(address) === 6 ? new URL(`http://[${address}]`).hostname : address;
}
