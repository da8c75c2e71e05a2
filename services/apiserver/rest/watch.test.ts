import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createRng } from '#shared/base';
import { type KubeObject, refs } from '#shared/api';
import { systemClock } from '#shared/clock';
import { createAuthority, issueClient, issueServer } from '#shared/pki';
import { MvccKv } from '../../../shared/client/testing/mvcc-kv.ts';
import { silentLog } from '../../../shared/client/testing/silent-log.ts';
import { type ApiServer, createApiServer } from '../server.ts';
import { configMap } from '../testing/api-on-mvcc.ts';
import { type Body, RestClient } from '../testing/rest-client.ts';

let server: ApiServer;
let kv: MvccKv;
let admin: RestClient;

beforeAll(async () => {
  const now = systemClock.now();
  const authority = await createAuthority('test', now);
  const names = { dns: ['localhost'], ips: ['127.0.0.1'] };
  const served = await issueServer(authority, now, 'master-1', names);
  kv = new MvccKv(systemClock);
  server = createApiServer({
    kv,
    // It stands still: ages that differ would be written out once for each.
    clock: { ...systemClock, now: () => now },
    log: silentLog,
    rng: createRng(1),
    uuid: randomUUID,
    admission: { disabled: ['ServiceAccount'] },
    listenRest: Promise.resolve({
      host: '127.0.0.1',
      port: 0,
      tls: { ca: authority.cert, ...served },
    }),
  });
  await server.start();
  const masters = await issueClient(authority, now, 'admin', ['system:masters']);
  admin = new RestClient(server.restPort, authority.cert, masters);
});

afterAll(async () => {
  await server.stop();
  await kv.close();
});

const path = '/api/v1/namespaces/default/configmaps';
const watchers = 50;

interface Written extends KubeObject {
  readonly rows?: readonly { readonly object: KubeObject }[];
}

it('an object is written out once for all its watchers, in each form they ask for', async () => {
  const { metadata } = await server.api.create(refs.configMaps, configMap('first'));
  const query = `${path}?watch=1&resourceVersion=${metadata?.resourceVersion}`;
  let open = 0;
  const lines = (accept?: string): Promise<Body[]>[] =>
    Array.from({ length: watchers }, () => admin.lines(query, 2, () => (open += 1), accept));
  const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
  const partial = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io';
  const plain = Promise.all(lines());
  const tables = Promise.all(lines(table));
  const metadataOnly = Promise.all(lines(partial));
  await vi.waitFor(() => expect(open).toBe(3 * watchers), { timeout: 50_000 });
  const written: string[] = [];
  const stringify = JSON.stringify;
  vi.spyOn(JSON, 'stringify').mockImplementation((value: Written, ...rest) => {
    const { name = '', resourceVersion } = (value.rows?.[0]?.object ?? value).metadata ?? {};
    // Of what comes from the watch cache; the store's own value has no resourceVersion.
    if (resourceVersion !== undefined && name.startsWith('seen')) {
      written.push(`${value.kind} ${name}`);
    }
    return stringify(value, ...(rest as []));
  });
  for (const name of ['seen-1', 'seen-2']) {
    await server.api.create(refs.configMaps, configMap(name));
  }
  const all = [await plain, await tables, await metadataOnly];
  vi.restoreAllMocks();
  expect(all.map((each) => each.filter((two) => two.length === 2).length)).toEqual(
    all.map(() => watchers),
  );
  expect(written.toSorted()).toEqual([
    'ConfigMap seen-1',
    'ConfigMap seen-2',
    'PartialObjectMetadata seen-1',
    'PartialObjectMetadata seen-2',
    'Table seen-1',
    'Table seen-2',
  ]);
});

it('a list longer than a chunk is the same list', async () => {
  const data = { text: 'x'.repeat(100_000) };
  for (let i = 0; i < 12; i++)
    await server.api.create(refs.configMaps, configMap(`long-${i}`, data));
  const whole = await admin.ask(path);
  const items = whole.body.items as unknown as readonly Body[];
  const { items: expected, resourceVersion } = await server.api.list(refs.configMaps, {
    namespace: 'default',
  });
  expect(items).toEqual(expected);
  expect(whole.body).toMatchObject({ kind: 'ConfigMapList', metadata: { resourceVersion } });
  expect(whole.headers['content-length']).toBeUndefined();
});
