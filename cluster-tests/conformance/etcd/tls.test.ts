import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { request } from 'node:https';
import { connect } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import {
  type Authority,
  type Credentials,
  createAuthority,
  issueClient,
  issueNode,
} from '#shared/pki';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Target, threeMembers } from './target.ts';

/* Three members that speak TLS with each other and with clients, which must have certificates. */

const dir = mkdtempSync(join(tmpdir(), 'quorate-tls-'));
const here = { dns: ['localhost'], ips: ['127.0.0.1'] };
const file = (name: string): string => join(dir, name);
let authority: Authority;
let root: Credentials;
let target: Target;

function write(name: string, { cert, key }: Credentials): void {
  writeFileSync(file(`${name}.pem`), cert);
  writeFileSync(file(`${name}-key.pem`), key, { mode: 0o600 });
}

beforeAll(async () => {
  const nowMs = Date.now();
  authority = await createAuthority('ca', nowMs);
  root = await issueClient(authority, nowMs, 'root', []);
  const other = await createAuthority('other', nowMs);
  write('ca', authority);
  write('other', other);
  write('member', await issueNode(authority, nowMs, '', [], here));
  write('root', root);
  write('alice', await issueClient(authority, nowMs, 'alice', []));
  write('stranger', await issueClient(other, nowMs, 'root', []));
  const member = (side: string) => ({
    [`${side}cert-file`]: file('member.pem'),
    [`${side}key-file`]: file('member-key.pem'),
    [`${side}trusted-ca-file`]: file('ca.pem'),
    [`${side}client-cert-auth`]: 'true',
  });
  const channel = credentials.createSsl(
    Buffer.from(authority.cert),
    Buffer.from(root.key),
    Buffer.from(root.cert),
  );
  const secured = {
    schemes: { client: 'https', peer: 'https' },
    flags: { ...member(''), ...member('peer-') },
    credentials: channel,
  } as const;
  target = new Target(threeMembers(secured));
  await target.start();
});
afterAll(async () => {
  await target.stop();
  rmSync(dir, { recursive: true });
});

/** What etcdctl says as the owner of a certificate. */
async function as(who: string, args: readonly string[], ca = 'ca'): Promise<string> {
  // One member: another may not have heard of the last change yet, and etcd refuses what it then proposes.
  const endpoint = `https://${target.members.endpoints[0]}`;
  const identity =
    who === '' ? [] : ['--cert', file(`${who}.pem`), '--key', file(`${who}-key.pem`)];
  const all = ['--endpoints', endpoint, '--cacert', file(`${ca}.pem`), ...identity];
  const { stdout, stderr } = await target.etcdctl([...all, ...args]);
  return stdout === '' ? stderr : stdout;
}

/** Over HTTP/1, as root. */
async function post(path: string, body?: object): Promise<string> {
  const [host = '', port = ''] = (target.members.endpoints[0] ?? '').split(':');
  const method = body ? 'POST' : 'GET';
  const asked = request({ host, port, path, method, ca: authority.cert, agent: false, ...root });
  asked.end(body && JSON.stringify(body));
  const [answer] = (await once(asked, 'response')) as [AsyncIterable<Buffer>];
  let text = '';
  for await (const chunk of answer) text += chunk.toString();
  return text;
}

/** gRPC's code of a call whose `:authority` is a URL. */
async function statusAsRoot(path: string, message: string): Promise<string> {
  const url = `https://${target.members.endpoints[0]}`;
  const session = connectHttp2(url, { ca: authority.cert, ...root });
  // The stream hears of it.
  session.on('error', () => undefined);
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    ':authority': url,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
  const code = new Promise<string>((resolve, reject) => {
    const look = (headers: Record<string, unknown>): void => {
      if (typeof headers['grpc-status'] === 'string') resolve(headers['grpc-status']);
    };
    stream.on('response', look).on('trailers', look).on('error', reject);
  });
  stream.end(
    Buffer.concat([Buffer.of(0, 0, 0, 0, message.length), Buffer.from(message, 'latin1')]),
  );
  stream.resume();
  try {
    return await code;
  } finally {
    session.destroy();
  }
}

test('whoever has a certificate of the authority comes in', async () => {
  expect(await as('root', ['put', 'k', 'v'])).toBe('OK\n');
  expect(await as('alice', ['get', 'k'])).toBe('k\nv\n');
  expect(await as('root', ['member', 'list'])).toContain('https://127.0.0.1');
});

test('without one, with one of another authority, or to members of another one: nobody', async () => {
  for (const [who, ca] of [
    ['', 'ca'],
    ['stranger', 'ca'],
    ['root', 'other'],
  ]) {
    expect(await as(who ?? '', ['get', 'k', '--command-timeout', '1s'], ca)).toContain(
      'deadline exceeded',
    );
  }
});

test('HTTP and JSON share the port', async () => {
  expect(JSON.parse(await post('/health'))).toMatchObject({ health: 'true' });
  const key = Buffer.from('k').toString('base64');
  expect(JSON.parse(await post('/v3/kv/range', { key }))).toMatchObject({ count: '1' });
});

test('clear text is not answered with anything of worth', async () => {
  const [host = '', port = ''] = (target.members.endpoints[0] ?? '').split(':');
  const socket = connect(Number(port), host);
  const over = once(socket, 'close').catch(() => undefined);
  socket.write('GET /health HTTP/1.1\r\nhost: x\r\n\r\n');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString();
  });
  await over;
  expect(text).not.toContain('true');
});

test('a certificate’s common name is a user, but not over the gateway', async () => {
  for (const user of ['root', 'alice']) await as('root', ['user', 'add', user, '--no-password']);
  await as('root', ['role', 'add', 'root']);
  await as('root', ['user', 'grant-role', 'root', 'root']);
  expect(await as('root', ['auth', 'enable'])).toBe('Authentication Enabled\n');
  expect(await as('root', ['get', 'k'])).toBe('k\nv\n');
  expect(await as('alice', ['get', 'k'])).toContain('permission denied');
  expect(await as('alice', ['user', 'get', 'alice'])).toContain('User: alice');
  // Some of Go's clients take a whole URL for the authority.
  expect(await statusAsRoot('/etcdserverpb.KV/Range', '\x0a\x01k')).toBe('0');
  expect(await statusAsRoot('/etcdserverpb.Auth/UserGet', '\x0a\x05alice')).toBe('0');
  const key = Buffer.from('k').toString('base64');
  expect(await post('/v3/kv/range', { key })).toBe(
    'CommonName of client sending a request against gateway will be ignored and not used as expected\n',
  );
  expect(await as('root', ['auth', 'disable'])).toBe('Authentication Disabled\n');
});
