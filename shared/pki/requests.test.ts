import { X509Certificate } from 'node:crypto';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { expect, it } from 'vitest';
import { createAuthority } from './certificates.ts';
import { readRequest, signRequest } from './requests.ts';

const nowMs = Date.UTC(2030, 0, 1);
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

async function request(): Promise<string> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const made = await x509.Pkcs10CertificateRequestGenerator.create({
    name: 'O=devs, O=ops, CN=jane',
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: 'a.example' },
        { type: 'ip', value: '10.0.0.1' },
        { type: 'email', value: 'jane@a.example' },
      ]),
    ],
  });
  return made.toString('pem');
}

it('reads what a request asks for', async () => {
  expect(await readRequest(await request())).toEqual({
    commonName: 'jane',
    organizations: ['devs', 'ops'],
    dns: ['a.example'],
    ips: ['10.0.0.1'],
    others: ['jane@a.example'],
  });
  await expect(readRequest('-----BEGIN CERTIFICATE REQUEST-----')).rejects.toThrow(/./);
});

it('signs it for its time and its usages, and no longer than the authority lasts', async () => {
  const authority = await createAuthority('test', nowMs);
  const usages = ['digital signature', 'client auth'];
  const pem = await request();
  const cert = new X509Certificate(
    await signRequest(authority, pem, { nowMs, seconds: 3600, usages }),
  );
  expect(cert.checkIssued(new X509Certificate(authority.cert))).toBe(true);
  expect(cert.subject.split('\n').sort()).toEqual(['CN=jane', 'O=devs', 'O=ops']);
  expect(cert.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  expect(cert.subjectAltName).toContain('DNS:a.example');
  expect(Date.parse(cert.validTo)).toBe(nowMs + 3_600_000);
  const long = await signRequest(authority, pem, { nowMs, seconds: 1e10, usages });
  const end = Date.parse(new X509Certificate(authority.cert).validTo);
  expect(Date.parse(new X509Certificate(long).validTo)).toBe(end);
});
