import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '#shared/lab';
import { createAuthority, issueNode } from '#shared/pki';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Target, threeMembers } from './target.ts';

/* Members in clear text that have certificates already go over to TLS one by one, as etcd's page on it says. */

const dir = mkdtempSync(join(tmpdir(), 'quorate-to-tls-'));
const file = (name: string): string => join(dir, name);
let target: Target;

beforeAll(async () => {
  const nowMs = Date.now();
  const authority = await createAuthority('ca', nowMs);
  const here = { dns: ['localhost'], ips: ['127.0.0.1'] };
  const { cert, key } = await issueNode(authority, nowMs, '', [], here);
  writeFileSync(file('ca.pem'), authority.cert);
  writeFileSync(file('cert.pem'), cert);
  writeFileSync(file('key.pem'), key, { mode: 0o600 });
  const reach = {
    schemes: { client: 'http', peer: 'http' },
    flags: {
      'peer-cert-file': file('cert.pem'),
      'peer-key-file': file('key.pem'),
      'peer-trusted-ca-file': file('ca.pem'),
      'peer-client-cert-auth': 'true',
    },
  } as const;
  target = new Target(threeMembers(reach));
  await target.start();
});
afterAll(async () => {
  await target.stop();
  rmSync(dir, { recursive: true });
});

test('each is updated, stopped, and started at https://', async () => {
  const { members } = target;
  const urls = [];
  for (const index of [0, 1, 2]) {
    const url = members.peerUrl(index, 'https');
    urls.push(url);
    const { stdout } = await target.etcdctl(['member', 'list']);
    const id =
      stdout
        .split('\n')
        .find((line) => line.includes(`, m${index},`))
        ?.split(',')[0] ?? '';
    const updated = await target.etcdctl(['member', 'update', id, `--peer-urls=${url}`]);
    expect(updated.stdout).toMatch(/^Member +[0-9a-f]+ updated in cluster +[0-9a-f]+\n$/);
    await members.kill(index, 'SIGTERM');
    members.start(index, at(url));
    await members.leader();
  }
  // Only by a quorum of which the others are both.
  await members.kill(0);
  await eventually('a write', async () => {
    const { stdout } = await target.etcdctl([...theLast(), 'put', 'k', 'v']);
    return stdout === 'OK\n' || undefined;
  });
  const { stdout } = await target.etcdctl([...theLast(), 'member', 'list']);
  for (const url of urls) expect(stdout).toContain(url);
});

const theLast = (): string[] => ['--endpoints', target.members.endpoints[2] ?? ''];

const at = (url = ''): Record<string, string> => ({
  'listen-peer-urls': url,
  'initial-advertise-peer-urls': url,
});
