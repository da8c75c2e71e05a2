import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createRng } from '#shared/base';
import { refs } from '#shared/api';
import { createGrpcApiClient, type GrpcApiClient } from '#shared/client';
import { systemClock } from '#shared/clock';
import { type Authority, createAuthority, issueClient, issueNode, issueServer } from '#shared/pki';
import type { ClientTls } from '#shared/rpc';
import { MvccKv } from '../../../shared/client/testing/mvcc-kv.ts';
import { silentLog } from '../../../shared/client/testing/silent-log.ts';
import { type ApiServer, createApiServer } from '../server.ts';
import { codeOf } from '../testing/api-on-mvcc.ts';

const now = systemClock.now();
const kv = new MvccKv(systemClock);
const names = { dns: ['kubernetes'], ips: ['127.0.0.1'] };
const clients: GrpcApiClient[] = [];
let authority: Authority;
let server: ApiServer;

beforeAll(async () => {
  authority = await createAuthority('test', now);
  const tls = { ca: authority.cert, ...(await issueServer(authority, now, 'm', names)) };
  server = createApiServer({
    kv,
    clock: systemClock,
    log: silentLog,
    rng: createRng(1),
    uuid: randomUUID,
    listen: Promise.resolve({ host: '127.0.0.1', port: 0, tls }),
  });
  await server.start();
});

afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await server.stop();
  await kv.close();
});

function client(tls?: ClientTls): GrpcApiClient {
  const servers = [`127.0.0.1:${server.port}`];
  const made = createGrpcApiClient({ servers, clock: systemClock, tls, timeoutMs: 20_000 });
  clients.push(made);
  return made;
}

const namespaces = (tls?: ClientTls): Promise<string> => codeOf(client(tls).list(refs.namespaces));

it('lets in who has a certificate of the authority, as far as that one may', async () => {
  const ca = authority.cert;
  const admin = await issueClient(authority, now, 'admin', ['system:masters']);
  expect(await namespaces({ ca, ...admin })).toBe('ok');
  const bob = await issueClient(authority, now, 'bob', []);
  expect(await namespaces({ ca, ...bob })).toBe('forbidden');
});

it('knows nobody without a certificate, or with one of another authority or time', async () => {
  const ca = authority.cert;
  expect(await namespaces({ ca })).toBe('unauthenticated');
  const other = await createAuthority('test', now);
  const foreign = await issueClient(other, now, 'admin', ['system:masters']);
  expect(await namespaces({ ca, ...foreign })).toBe('unauthenticated');
  const yearsAgo = now - 3 * 365 * 24 * 3_600_000;
  const expired = await issueClient(authority, yearsAgo, 'admin', ['system:masters']);
  expect(await namespaces({ ca, ...expired })).toBe('unauthenticated');
  expect(await namespaces({ ca, token: () => 'made-up' })).toBe('unauthenticated');
});

it('answers a heartbeat for another node', async () => {
  const ca = authority.cert;
  const node = await issueClient(authority, now, 'system:node:w1', ['system:nodes']);
  const beat = client({ ca, ...node }).heartbeat({ node: 'w2', leaseDurationSeconds: 4 });
  await expect(beat).rejects.toMatchObject({ code: 'forbidden' });
});

it('has nothing to say in clear text', async () => {
  expect(await namespaces()).toBe('unavailable');
});

it('is not taken for a server by a client that was led to a node', async () => {
  const node = await issueNode(authority, now, 'system:node:w', ['system:nodes'], {
    dns: ['w'],
    ips: ['127.0.0.1'],
  });
  const tls = { ca: authority.cert, ...node };
  const impostor = createApiServer({
    kv,
    clock: systemClock,
    log: silentLog,
    rng: createRng(1),
    uuid: randomUUID,
    listen: Promise.resolve({ host: '127.0.0.1', port: 0, tls }),
  });
  await impostor.start();
  const admin = await issueClient(authority, now, 'admin', ['system:masters']);
  const api = createGrpcApiClient({
    servers: [`127.0.0.1:${impostor.port}`],
    clock: systemClock,
    tls: { ca: authority.cert, ...admin },
    timeoutMs: 20_000,
  });
  clients.push(api);
  expect(await codeOf(api.list(refs.namespaces))).toBe('unavailable');
  await impostor.stop();
});
