import { createPrivateKey, KeyObject, type webcrypto, X509Certificate } from 'node:crypto';
import type * as x509 from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const dayMs = 24 * 60 * 60 * 1000;
const authorityDays = 3650;
const leafDays = 365;
/** Clocks differ a little between machines. */
const backdateMs = 60 * 60 * 1000;

/** A certificate and its private key, as PEM. */
export interface Credentials {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority that can sign. */
export interface Authority extends Credentials {
  readonly signer: {
    readonly certificate: x509.X509Certificate;
    readonly key: webcrypto.CryptoKey;
  };
}

/** Loaded when the first certificate is made: most processes never make one. */
export async function load(): Promise<typeof x509> {
  await import('reflect-metadata');
  return import('@peculiar/x509');
}

/** A new authority that signs itself; `nowMs` is since the epoch. */
export async function createAuthority(commonName: string, nowMs: number): Promise<Authority> {
  const lib = await load();
  const keys = await generateKeys();
  const certificate = await lib.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [commonName] }],
    notBefore: new Date(nowMs - backdateMs),
    notAfter: new Date(nowMs + authorityDays * dayMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new lib.BasicConstraintsExtension(true, undefined, true),
      new lib.KeyUsagesExtension(
        lib.KeyUsageFlags.keyCertSign |
          lib.KeyUsageFlags.cRLSign |
          lib.KeyUsageFlags.digitalSignature,
        true,
      ),
      await lib.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    cert: certificate.toString('pem'),
    key: pemOf(keys.privateKey),
    signer: { certificate, key: keys.privateKey },
  };
}

/** An authority made before, from what was kept of it. */
export async function loadAuthority({ cert, key }: Credentials): Promise<Authority> {
  const lib = await load();
  const pkcs8 = createPrivateKey(key).export({ type: 'pkcs8', format: 'der' });
  return {
    cert,
    key,
    signer: {
      certificate: new lib.X509Certificate(cert),
      key: await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']),
    },
  };
}

/** Under which a server is reached. */
export interface ServerNames {
  readonly dns: readonly string[];
  readonly ips: readonly string[];
}

const yearMs = 365 * dayMs;

/** For a server, and a client, whose certificate nobody has signed but itself. */
export async function createSelfSigned(
  organization: string,
  nowMs: number,
  years: number,
  names: ServerNames,
): Promise<Credentials> {
  const lib = await load();
  const keys = await generateKeys();
  const certificate = await lib.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ O: [organization] }],
    notBefore: new Date(nowMs - backdateMs),
    notAfter: new Date(nowMs + years * yearMs),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new lib.KeyUsagesExtension(lib.KeyUsageFlags.digitalSignature, true),
      new lib.ExtendedKeyUsageExtension([
        lib.ExtendedKeyUsage.serverAuth,
        lib.ExtendedKeyUsage.clientAuth,
      ]),
      alternativeNames(lib, names),
    ],
  });
  return { cert: certificate.toString('pem'), key: pemOf(keys.privateKey) };
}

/** For a server that is reached under these names. */
export function issueServer(
  authority: Authority,
  nowMs: number,
  commonName: string,
  names: ServerNames,
): Promise<Credentials> {
  return issue(authority, nowMs, [{ CN: [commonName] }], (lib) => [
    new lib.ExtendedKeyUsageExtension([lib.ExtendedKeyUsage.serverAuth]),
    alternativeNames(lib, names),
  ]);
}

/** For who is both: a client of the API, and a server under these names. */
export function issueNode(
  authority: Authority,
  nowMs: number,
  user: string,
  groups: readonly string[],
  names: ServerNames,
): Promise<Credentials> {
  return issue(authority, nowMs, subjectOf(user, groups), (lib) => [
    new lib.ExtendedKeyUsageExtension([
      lib.ExtendedKeyUsage.clientAuth,
      lib.ExtendedKeyUsage.serverAuth,
    ]),
    alternativeNames(lib, names),
  ]);
}

/** For a client: its user is the common name, its groups are the organizations, as in Kubernetes. */
export function issueClient(
  authority: Authority,
  nowMs: number,
  user: string,
  groups: readonly string[],
): Promise<Credentials> {
  return issue(authority, nowMs, subjectOf(user, groups), (lib) => [
    new lib.ExtendedKeyUsageExtension([lib.ExtendedKeyUsage.clientAuth]),
  ]);
}

const subjectOf = (user: string, groups: readonly string[]): x509.JsonName => [
  ...groups.map((group) => ({ O: [group] })),
  { CN: [user] },
];

const alternativeNames = (lib: typeof x509, { dns, ips }: ServerNames): x509.Extension =>
  new lib.SubjectAlternativeNameExtension([
    ...dns.map((value) => ({ type: 'dns' as const, value })),
    ...ips.map((value) => ({ type: 'ip' as const, value })),
  ]);

async function issue(
  authority: Authority,
  nowMs: number,
  subject: x509.JsonName,
  extensions: (lib: typeof x509) => x509.Extension[],
): Promise<Credentials> {
  const lib = await load();
  const keys = await generateKeys();
  const times = {
    notBefore: new Date(nowMs - backdateMs),
    notAfter: new Date(nowMs + leafDays * dayMs),
  };
  const cert = await certify(authority, { subject, publicKey: keys.publicKey, ...times }, [
    new lib.KeyUsagesExtension(lib.KeyUsageFlags.digitalSignature, true),
    ...extensions(lib),
  ]);
  return { cert, key: pemOf(keys.privateKey) };
}

type Subject = Pick<
  x509.X509CertificateCreateParams,
  'subject' | 'publicKey' | 'notBefore' | 'notAfter'
>;

/** As PEM. */
export async function certify(
  { signer }: Authority,
  subject: Subject,
  extensions: x509.Extension[],
): Promise<string> {
  const lib = await load();
  const certificate = await lib.X509CertificateGenerator.create({
    ...subject,
    serialNumber: serialNumber(),
    issuer: signer.certificate.subject,
    signingAlgorithm: algorithm,
    signingKey: signer.key,
    extensions: [
      new lib.BasicConstraintsExtension(false, undefined, true),
      await lib.AuthorityKeyIdentifierExtension.create(signer.certificate),
      ...extensions,
    ],
  });
  return certificate.toString('pem');
}

async function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

/** A new key that signs tokens, as PEM. */
export const createSigningKey = async (): Promise<string> =>
  pemOf((await generateKeys()).privateKey);

/** When a certificate ends, in milliseconds since the epoch; `undefined` where it is none. */
export function expiryOf(cert: string): number | undefined {
  try {
    return Date.parse(new X509Certificate(cert).validTo);
  } catch {
    return undefined;
  }
}

const pemOf = (key: webcrypto.CryptoKey): string =>
  KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }).toString();

/** 127 bits of chance: positive, and never the same twice. */
function serialNumber(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return Buffer.from(bytes).toString('hex');
}
