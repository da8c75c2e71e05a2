import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Metadata, type ServiceError } from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRng } from '#shared/base';
import { systemClock } from '#shared/clock';
import { eventually, freePort } from '#shared/lab';
import { connect, loadProto, unary } from '#shared/rpc';
import { createStore, type Store } from '#services/store';
import type { LeaseKeepAliveResponse__Output } from '../../shared/rpc/gen/etcdserverpb/LeaseKeepAliveResponse.ts';
import type { LeaseTimeToLiveRequest } from '../../shared/rpc/gen/etcdserverpb/LeaseTimeToLiveRequest.ts';
import type { LeaseTimeToLiveResponse__Output } from '../../shared/rpc/gen/etcdserverpb/LeaseTimeToLiveResponse.ts';
import type { ProtoGrpcType } from '../../shared/rpc/gen/rpc.ts';

/** Leases while leaders come and go. Every member has two peer URLs, of which only the second answers. */
const proto = loadProto<ProtoGrpcType>('etcd/rpc.proto').etcdserverpb;
const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
};
const dir = mkdtempSync(join(tmpdir(), 'quorate-leases-'));
const names = ['a', 'b', 'c'] as const;
const stores = new Map<string, Store>();
const endpoints = new Map<string, string>();

const store = (name: string): Store => stores.get(name) as Store;
const leaseClient = (name: string) => connect(proto.Lease, endpoints.get(name) ?? '');

beforeAll(async () => {
  const urls = async (): Promise<string[]> => [
    `http://127.0.0.1:${await freePort()}`,
    `http://127.0.0.1:${await freePort()}`,
  ];
  const initialCluster = { a: await urls(), b: await urls(), c: await urls() };
  for (const name of names) {
    const endpoint = `127.0.0.1:${await freePort()}`;
    endpoints.set(name, endpoint);
    stores.set(
      name,
      createStore({
        name,
        dataDir: join(dir, name),
        listenClientUrls: [`http://${endpoint}`],
        listenPeerUrls: [initialCluster[name][1] ?? ''],
        initialAdvertisePeerUrls: initialCluster[name],
        initialCluster,
        leaseCheckpointMs: 1000,
        heartbeatMs: 50,
        electionMs: 500,
        clock: systemClock,
        log: silent,
        rng: createRng(name.charCodeAt(0)),
      }),
    );
  }
  await Promise.all([...stores.values()].map((each) => each.start()));
  await Promise.all([...stores.values()].map((each) => each.leaderKnown(60_000)));
});
afterAll(async () => {
  await Promise.all([...stores.values()].map((each) => each.crash()));
  rmSync(dir, { recursive: true, force: true });
});

const running = new Set<string>(names);

/** Who leads, once somebody does: a busy machine may elect anew at any time. */
function leaderName(): Promise<string> {
  return eventually('a leader', () =>
    [...running].find((name) => store(name).status().raft.role === 'leader'),
  );
}

/** The leader goes; who that was, and who leads then. */
async function changeLeader(): Promise<{ gone: string; next: string }> {
  const gone = await leaderName();
  running.delete(gone);
  await store(gone).stop();
  return { gone, next: await leaderName() };
}

async function startAgain(name: string): Promise<void> {
  await store(name).start();
  running.add(name);
  await store(name).leaderKnown(60_000);
}

async function timeToLive(name: string, ID: string): Promise<number> {
  const client = leaseClient(name);
  const { TTL } = await unary<LeaseTimeToLiveRequest, LeaseTimeToLiveResponse__Output>(
    client.LeaseTimeToLive.bind(client),
    { ID },
  );
  client.close();
  return Number(TTL);
}

test('several peer URLs: the members found each other, and say all of them', () => {
  const { members } = store('a').status();
  expect(members.map(({ peerUrls }) => peerUrls.length)).toEqual([2, 2, 2]);
});

test('a new leader goes on from the checkpoint, and a renewal counts for the one after it', async () => {
  const first = await leaderName();
  const { kv } = store(first);
  const { id } = await kv.leaseGrant({ ttlSeconds: 60 });
  // Three checkpoints, or two where the last is on its way.
  await eventually('time to pass', async () =>
    (await timeToLive(first, String(id))) < 57 ? true : undefined,
  );
  const { gone, next: second } = await changeLeader();
  // What was left, and at most the time of an election more; not its whole time again.
  expect(await timeToLive(second, String(id))).toBeLessThanOrEqual(59);
  const renewedAt = systemClock.monotonic();
  expect(await store(second).kv.leaseKeepAlive(id)).toBe(60);
  await startAgain(gone);
  const { gone: renewer, next: third } = await changeLeader();
  const left = await timeToLive(third, String(id));
  // Its whole time, but for what has passed since and the beginning of a second.
  expect(left).toBeGreaterThan(60 - (systemClock.monotonic() - renewedAt) / 1000 - 1);
  await startAgain(renewer);
});

test('keep-alives that require a leader end when there is none', async () => {
  const leader = await leaderName();
  const { id } = await store(leader).kv.leaseGrant({ ttlSeconds: 60 });
  const client = leaseClient(leader);
  const metadata = new Metadata();
  metadata.set('hasleader', 'true');
  const stream = client.LeaseKeepAlive(metadata);
  const renewed = new Promise<string>((resolve) => {
    stream.once('data', ({ TTL }: LeaseKeepAliveResponse__Output) => resolve(TTL));
  });
  const ended = new Promise<ServiceError>((resolve) => {
    stream.once('error', resolve);
  });
  stream.write({ ID: String(id) });
  expect(await renewed).toBe('60');
  for (const name of names) {
    if (name === leader) continue;
    running.delete(name);
    await store(name).crash();
  }
  const { code, details } = await ended;
  expect({ code, details }).toEqual({ code: 14, details: 'etcdserver: no leader' });
  client.close();
});
