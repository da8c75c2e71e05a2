import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createRng } from '#shared/base';
import { refs } from '#shared/api';
import { createGrpcApiClient, type GrpcApiClient, type WatchEvent } from '#shared/client';
import { systemClock } from '#shared/clock';
import { connect, loadProto } from '#shared/rpc';
import { MvccKv } from '../../../shared/client/testing/mvcc-kv.ts';
import { silentLog } from '../../../shared/client/testing/silent-log.ts';
import type { ProtoGrpcType } from '../../../shared/rpc/gen/resources.ts';
import { type ApiServer, createApiServer } from '../server.ts';
import { codeOf, configMap, pod } from '../testing/api-on-mvcc.ts';

let server: ApiServer;
let api: GrpcApiClient;
let kv: MvccKv;

beforeEach(async () => {
  const clock = systemClock;
  kv = new MvccKv(clock);
  server = createApiServer({
    kv,
    clock,
    log: silentLog,
    rng: createRng(1),
    uuid: randomUUID,
    admission: { disabled: ['ServiceAccount'] },
    listen: Promise.resolve({ host: '127.0.0.1', port: 0 }),
  });
  await server.start();
  api = createGrpcApiClient({ servers: [`127.0.0.1:${server.port}`], clock });
});

afterEach(async () => {
  await api.close();
  await server.stop();
  await kv.close();
});

it('carries objects, lists, tables and errors as the core gives them', async () => {
  const made = await api.create(refs.configMaps, configMap('a', { n: '1' }));
  expect(await server.api.get(refs.configMaps, 'a', 'default')).toEqual(made);
  expect(await api.get(refs.configMaps, 'a', 'default')).toEqual(made);
  await api.create(refs.configMaps, configMap('b'));
  const page = await api.list(refs.configMaps, { namespace: 'default', limit: 1 });
  expect(page).toMatchObject({ items: [made], remainingItemCount: 1 });
  const table = await api.listTable(refs.configMaps, { namespace: 'default' });
  expect(table.rows.map(({ cells }) => cells[0])).toEqual(['a', 'b']);
  await expect(api.create(refs.configMaps, configMap('A_'))).rejects.toMatchObject({
    code: 'invalid',
    details: { kind: 'ConfigMap', causes: [{ field: 'metadata.name' }] },
  });
  expect((await api.delete(refs.configMaps, 'a')).gone).toBe(true);
  const kinds = await api.kinds();
  expect(kinds.find(({ kind }) => kind === 'Pod')).toMatchObject({ shortNames: ['po'] });
});

it('streams a watch until the client leaves', async () => {
  const abort = new AbortController();
  const watch = api.watch(refs.pods, { signal: abort.signal })[Symbol.asyncIterator]();
  const first = watch.next();
  await api.create(refs.pods, pod('a'));
  const { value } = (await first) as { value: WatchEvent };
  expect(value).toMatchObject({ type: 'ADDED', object: { metadata: { name: 'a' } } });
  abort.abort();
  expect(await watch.next()).toMatchObject({ done: true });
});

it('ends watches when it stops', async () => {
  const watch = api.watch(refs.namespaces)[Symbol.asyncIterator]();
  await watch.next();
  const drain = async (): Promise<void> => {
    for (;;) if ((await watch.next()).done) return;
  };
  const ended = codeOf(drain());
  await server.stop();
  expect(await ended).toBe('unavailable');
});

it('lets nobody wait for it when it stops', async () => {
  await api.registerNode({ metadata: { name: 'w1' } });
  await api.heartbeat({ node: 'w1', leaseDurationSeconds: 4 });
  const base = { election: 'x', leaseSeconds: 60, waitMs: 60_000 };
  await api.campaign({ ...base, identity: 'a' });
  const waiting = codeOf(api.campaign({ ...base, identity: 'b' }));
  await api.kinds();
  await server.stop();
  expect(await waiting).toBe('unavailable');
});

it('answers bodies that are not JSON objects', async () => {
  const { Resources } = loadProto<ProtoGrpcType>('quorate/v1/resources.proto').quorate.v1;
  const client = connect(Resources, `127.0.0.1:${server.port}`);
  const create = (json: string): Promise<string> =>
    new Promise((resolve) => {
      client.Create({ resource: refs.configMaps, json: Buffer.from(json) }, (error) => {
        resolve(error?.details ?? 'ok');
      });
    });
  expect(await create('')).toContain('Required value');
  expect(await create('{"metadata":')).toContain('not valid JSON');
  expect(await create(`{"a":${'['.repeat(100_000)}`)).toContain('levels deep');
  expect(await create('[]')).not.toBe('ok');
  expect(await create('{"metadata":{"name":"x"},"data":{"a":"\\"[[{{"}}')).toBe('ok');
  client.close();
});

it('answers heartbeats in order', async () => {
  await api.registerNode({ metadata: { name: 'w1' } });
  const beats = await Promise.all(
    ['w1', 'w2', 'w1'].map((node) => api.heartbeat({ node, leaseDurationSeconds: 4 })),
  );
  expect(beats.map(({ unknownNode }) => unknownNode)).toEqual([false, true, false]);
});
