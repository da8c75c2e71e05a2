import { X509Certificate } from 'node:crypto';
import { expect, it } from 'vitest';
import { createAuthority, issueClient, issueServer } from './certificates.ts';

const now = Date.parse('2026-01-01T00:00:00Z');

it('signs what node:crypto accepts', async () => {
  const authority = await createAuthority('quorate', now);
  const ca = new X509Certificate(authority.cert);
  expect(ca.ca).toBe(true);
  const server = await issueServer(authority, now, 'master-1', {
    dns: ['localhost', 'kubernetes.default.svc'],
    ips: ['127.0.0.1'],
  });
  const cert = new X509Certificate(server.cert);
  expect(cert.verify(ca.publicKey)).toBe(true);
  expect(cert.checkIssued(ca)).toBe(true);
  expect(cert.checkHost('kubernetes.default.svc')).toBe('kubernetes.default.svc');
  expect(cert.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(cert.checkIP('127.0.0.2')).toBeUndefined();
});

it('names a client as Kubernetes reads it', async () => {
  const authority = await createAuthority('quorate', now);
  const client = await issueClient(authority, now, 'admin', ['system:masters', 'ops']);
  const { subject } = new X509Certificate(client.cert);
  expect(subject.split('\n')).toEqual(['O=system:masters', 'O=ops', 'CN=admin']);
});
