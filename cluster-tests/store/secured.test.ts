import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials, Metadata } from '@grpc/grpc-js';
import { eventually } from '#shared/lab';
import { type Credentials, createAuthority, issueNode } from '#shared/pki';
import { loadProto } from '#shared/rpc';
import { afterEach, beforeAll, afterAll, expect, test } from 'vitest';
import type { AuthenticateResponse__Output } from '../../shared/rpc/gen/etcdserverpb/AuthenticateResponse.ts';
import type { ProtoGrpcType } from '../../shared/rpc/gen/rpc.ts';
import { Stores } from './stores.ts';

const dir = mkdtempSync(join(tmpdir(), 'quorate-pki-'));
const here = { dns: ['localhost'], ips: ['127.0.0.1'] };
const three = ['a', 'b', 'c'] as const;
let stores: Stores;

beforeAll(async () => {
  const nowMs = Date.now();
  const authority = await createAuthority('members', nowMs);
  const other = await createAuthority('others', nowMs);
  const write = (name: string, { cert, key }: Credentials): void => {
    writeFileSync(join(dir, `${name}.pem`), cert);
    writeFileSync(join(dir, `${name}-key.pem`), key, { mode: 0o600 });
  };
  write('ca', authority);
  write('member', await issueNode(authority, nowMs, 'member', [], here));
  write('stranger', await issueNode(other, nowMs, 'member', [], here));
  write(
    'misplaced',
    await issueNode(authority, nowMs, 'member', [], { dns: [], ips: ['10.1.1.1'] }),
  );
  write('misnamed', await issueNode(authority, nowMs, 'somebody', [], here));
});
afterAll(() => rmSync(dir, { recursive: true }));
afterEach(() => stores.destroy());

const tls = (certificate: string): string[] => [
  `--peer-cert-file=${join(dir, `${certificate}.pem`)}`,
  `--peer-key-file=${join(dir, `${certificate}-key.pem`)}`,
  `--peer-trusted-ca-file=${join(dir, 'ca.pem')}`,
  '--peer-client-cert-auth',
  '--peer-cert-allowed-cn=member',
];

test('members over TLS let in whoever has the right certificate, and nobody else', async () => {
  stores = new Stores('https');
  await stores.reserve(...three);
  for (const name of ['a', 'b']) stores.start(name, three, ...tls('member'));
  await stores.ready('a', 'b');
  const reasons: [string, RegExp][] = [
    ['stranger', /"reason":"[^"]*(unknown ca|certificate signature failure|self.signed|unable to)/],
    ['misplaced', /x509: certificate is valid for 10\.1\.1\.1, not 127\.0\.0\.1/],
    [
      'misnamed',
      /client certificate authentication failed: the common name \\"somebody\\" is not allowed/,
    ],
  ];
  const told = () => stores.log('c').split('remote error: tls: bad certificate').length;
  for (const [certificate, reason] of reasons) {
    const before = told();
    stores.start('c', three, ...tls(certificate));
    await eventually(`${certificate} to be refused`, () =>
      reason.test(stores.log('a') + stores.log('b')) ? true : undefined,
    );
    // The handshake itself turns a stranger away, without a word.
    if (certificate !== 'stranger') {
      await eventually(`${certificate} to be told`, () => (told() > before ? true : undefined));
    }
    await stores.kill('c');
  }
  await stores.kv('a').put('k', 'v');
  stores.start('c', three, ...tls('member'));
  await stores.ready('c');
  expect(await stores.kv('c').get('k', true)).toBe('v');
});

test('certificates that sign themselves are made for members and clients', async () => {
  stores = new Stores('https');
  await stores.reserve(...three);
  for (const name of three) stores.start(name, three, '--peer-auto-tls');
  await stores.ready(...three);
  const key = statSync(join(stores.dataDir('a'), 'fixtures', 'peer', 'key.pem'));
  expect(key.mode & 0o777).toBe(0o600);
  await stores.kill('a');
  stores.start('a', three, '--peer-auto-tls');
  await stores.ready('a');
});

const { Auth, KV } = loadProto<ProtoGrpcType>('etcd/rpc.proto').etcdserverpb;

/** `code text`, or the answer's field. */
function called<Res>(
  Service: typeof Auth | typeof KV,
  endpoint: string,
  method: string,
  request: object,
  token = '',
): Promise<Res | string> {
  const client = new Service(endpoint, credentials.createInsecure());
  const metadata = new Metadata();
  if (token !== '') metadata.set('token', token);
  return new Promise((resolve) => {
    const definition = Service.service[method as keyof typeof Service.service];
    const { path, requestSerialize, responseDeserialize } =
      definition as typeof Auth.service.AuthEnable;
    const deadline = Date.now() + 20_000;
    client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      metadata,
      { deadline },
      (error, answer) => {
        client.close();
        resolve(error ? `${error.code} ${error.details}` : (answer as Res));
      },
    );
  });
}

test('users outlive a crash of everybody, and reach whoever joins by a snapshot', async () => {
  stores = new Stores();
  await stores.reserve(...three, 'd');
  // Small logs, so that whoever joins needs a snapshot; and no waiting until everybody is known well.
  const flags = [
    '--snapshot-count=20',
    '--snapshot-catchup-entries=0',
    '--strict-reconfig-check=false',
  ];
  for (const name of three) stores.start(name, three, ...flags);
  await stores.ready(...three);
  const auth = (name: string, method: string, request: object = {}, token = '') =>
    called(Auth, stores.endpoint(name), method, request, token);
  const password = 'not-in-any-log';
  const done = async (method: string, request: object = {}): Promise<void> =>
    expect(await auth('a', method, request), method).toBeTypeOf('object');
  await done('UserAdd', { name: 'root', password });
  await done('RoleAdd', { name: 'root' });
  await done('UserGrantRole', { user: 'root', role: 'root' });
  for (let i = 0; i < 50; i++) await stores.kv('a').put(`k${i}`, 'v');
  await stores.cluster('a').add(stores.peerUrl('d'), true);
  await done('AuthEnable');
  for (const name of three) await stores.kill(name);
  for (const name of three) stores.start(name, three);
  const refused = '3 etcdserver: user name is empty';
  const range = { key: Buffer.from('k1'), serializable: true };
  const closed = (name: string) =>
    eventually(`${name} to ask who comes`, async () => {
      const answer = await called(KV, stores.endpoint(name), 'Range', range);
      return answer === refused ? true : undefined;
    });
  for (const name of three) await closed(name);
  stores.start('d', [...three, 'd'], '--initial-cluster-state=existing');
  await closed('d');
  const authenticated = await eventually('a token', async () => {
    const answer = await auth('b', 'Authenticate', { name: 'root', password });
    return typeof answer === 'string' ? undefined : (answer as AuthenticateResponse__Output);
  });
  for (const name of ['c', 'd']) {
    const answer = await called(KV, stores.endpoint(name), 'Range', range, authenticated.token);
    expect(answer).toMatchObject({ count: '1' });
  }
  for (const name of [...three, 'd']) {
    expect(stores.log(name)).not.toContain(password);
    expect(stores.log(name)).not.toContain(authenticated.token);
  }
});
