import type * as x509 from '@peculiar/x509';
import { type Authority, certify, load } from './certificates.ts';

/** What a request for a certificate (PKCS #10) asks for. */
export interface CertificateRequest {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dns: readonly string[];
  readonly ips: readonly string[];
  /** Names of other sorts: URIs, mail addresses. */
  readonly others: readonly string[];
}

const alternativeName = '2.5.29.17';
const backdateMs = 5 * 60 * 1_000;

async function parse(
  pem: string,
): Promise<{ lib: typeof x509; request: x509.Pkcs10CertificateRequest }> {
  const lib = await load();
  return { lib, request: new lib.Pkcs10CertificateRequest(pem) };
}

/** Throws where the PEM holds no request, or one that was not signed with its own key. */
export async function readRequest(pem: string): Promise<CertificateRequest> {
  const { lib, request } = await parse(pem);
  if (!(await request.verify())) throw new Error('the signature of the request is not valid');
  const extension = request.getExtension(alternativeName);
  const names = extension
    ? new lib.SubjectAlternativeNameExtension(extension.rawData).names.items
    : [];
  const of = (type: string): string[] =>
    names.filter((name) => name.type === type).map(({ value }) => value);
  return {
    commonName: request.subjectName.getField('CN')[0] ?? '',
    organizations: request.subjectName.getField('O'),
    dns: of('dns'),
    ips: of('ip'),
    others: names.filter(({ type }) => type !== 'dns' && type !== 'ip').map(({ value }) => value),
  };
}

/** In the words of Kubernetes: bits of the key's usage. */
const bits: Readonly<Record<string, keyof typeof x509.KeyUsageFlags>> = {
  signing: 'digitalSignature',
  'digital signature': 'digitalSignature',
  'content commitment': 'nonRepudiation',
  'key encipherment': 'keyEncipherment',
  'key agreement': 'keyAgreement',
  'data encipherment': 'dataEncipherment',
  'cert sign': 'keyCertSign',
  'crl sign': 'cRLSign',
  'encipher only': 'encipherOnly',
  'decipher only': 'decipherOnly',
};

/** The others, by object identifier. */
const extended: Readonly<Record<string, string>> = {
  any: '2.5.29.37.0',
  'server auth': '1.3.6.1.5.5.7.3.1',
  'client auth': '1.3.6.1.5.5.7.3.2',
  'code signing': '1.3.6.1.5.5.7.3.3',
  'email protection': '1.3.6.1.5.5.7.3.4',
  's/mime': '1.3.6.1.5.5.7.3.4',
  'ipsec end system': '1.3.6.1.5.5.7.3.5',
  'ipsec tunnel': '1.3.6.1.5.5.7.3.6',
  'ipsec user': '1.3.6.1.5.5.7.3.7',
  timestamping: '1.3.6.1.5.5.7.3.8',
  'ocsp signing': '1.3.6.1.5.5.7.3.9',
  'microsoft sgc': '1.3.6.1.4.1.311.10.3.3',
  'netscape sgc': '2.16.840.1.113730.4.1',
};

export interface SignOptions {
  /** Since the epoch. */
  readonly nowMs: number;
  readonly seconds: number;
  /** In Kubernetes' words. */
  readonly usages: readonly string[];
}

/** The certificate, as PEM, for the request's key, subject and alternative names, and never longer than its authority's. */
export async function signRequest(
  authority: Authority,
  pem: string,
  { nowMs, seconds, usages }: SignOptions,
): Promise<string> {
  const { lib, request } = await parse(pem);
  let flags = 0;
  const identifiers: string[] = [];
  for (const usage of usages) {
    const bit = bits[usage];
    const identifier = extended[usage];
    if (bit) flags |= lib.KeyUsageFlags[bit];
    if (identifier) identifiers.push(identifier);
  }
  const names = request.getExtension(alternativeName);
  const end = Math.min(nowMs + seconds * 1_000, authority.signer.certificate.notAfter.getTime());
  const subject = {
    subject: request.subject,
    publicKey: request.publicKey,
    notBefore: new Date(nowMs - backdateMs),
    notAfter: new Date(end),
  };
  return certify(authority, subject, [
    ...(flags === 0 ? [] : [new lib.KeyUsagesExtension(flags, true)]),
    ...(identifiers.length === 0 ? [] : [new lib.ExtendedKeyUsageExtension(identifiers)]),
    ...(names ? [names] : []),
  ]);
}
