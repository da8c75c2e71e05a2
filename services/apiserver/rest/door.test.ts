import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { Readable } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createRng } from '#shared/base';
import { type ComponentStatus, type KubeObject, refs } from '#shared/api';
import { systemClock } from '#shared/clock';
import { createAuthority, issueClient, issueServer } from '#shared/pki';
import { MvccKv } from '../../../shared/client/testing/mvcc-kv.ts';
import { silentLog } from '../../../shared/client/testing/silent-log.ts';
import { type ApiServer, createApiServer } from '../server.ts';
import { configMap, pod } from '../testing/api-on-mvcc.ts';
import { type Answer, type AskOptions, type Body, RestClient } from '../testing/rest-client.ts';

let build: () => ApiServer;
let server: ApiServer;
let kv: MvccKv;
let admin: RestClient;
let bob: RestClient;
let stranger: RestClient;
let nobody: RestClient;
let tls: { ca: string; cert: string; key: string };

beforeAll(async () => {
  const now = systemClock.now();
  const authority = await createAuthority('test', now);
  const other = await createAuthority('test', now);
  const names = { dns: ['localhost'], ips: ['127.0.0.1'] };
  const served = await issueServer(authority, now, 'master-1', names);
  const masters = await issueClient(authority, now, 'admin', ['system:masters']);
  kv = new MvccKv(systemClock);
  const listen = { host: '127.0.0.1', port: 0, tls: { ca: authority.cert, ...served } };
  build = () =>
    createApiServer({
      kv,
      clock: systemClock,
      log: silentLog,
      rng: createRng(1),
      uuid: randomUUID,
      admission: { disabled: ['ServiceAccount'] },
      listenRest: Promise.resolve(listen),
    });
  server = build();
  await server.start();
  const client = (credentials?: { cert: string; key: string }): RestClient =>
    new RestClient(server.restPort, authority.cert, credentials);
  tls = { ca: authority.cert, ...masters };
  admin = client(masters);
  bob = client(await issueClient(authority, now, 'bob', ['team']));
  stranger = client(await issueClient(other, now, 'admin', ['system:masters']));
  nobody = client();
});

afterAll(async () => {
  await server.stop();
  await kv.close();
});

const ALPNProtocols = ['http/1.1'];
const maps = '/api/v1/namespaces/default/configmaps';

beforeEach(async () => {
  await admin.ask(maps, { method: 'DELETE' });
});

const textOf = (value: Body | undefined): string => value as unknown as string;

const post = (path: string, body: unknown, options: AskOptions = {}): Promise<Answer> =>
  admin.ask(path, { method: 'POST', body, ...options });

const patch = (path: string, type: string, body: unknown): Promise<Answer> =>
  admin.ask(path, { method: 'PATCH', body, type: `application/${type}+json` });

describe('who asks', () => {
  it('must be known', async () => {
    for (const client of [nobody, stranger]) {
      const { code, body } = await client.ask('/api');
      expect(code).toBe(401);
      expect(body).toMatchObject({
        kind: 'Status',
        reason: 'Unauthorized',
        message: 'Unauthorized',
      });
    }
  });

  it('must be allowed', async () => {
    expect((await bob.ask('/version')).code).toBe(200);
    const { code, body } = await bob.ask('/api/v1/pods');
    expect(code).toBe(403);
    expect(body).toMatchObject({
      reason: 'Forbidden',
      message:
        'pods is forbidden: User "bob" cannot list resource "pods" in API group "" at the cluster scope',
    });
  });

  it('may speak HTTP/2', async () => {
    const session = connect(`https://127.0.0.1:${server.restPort}`, tls);
    const text = await new Promise<string>((resolve, reject) => {
      let all = '';
      const stream = session.request({ ':path': '/livez' });
      stream.on('data', (chunk: Buffer) => {
        all += chunk.toString();
      });
      stream.on('end', () => resolve(all));
      stream.on('error', reject);
      session.on('error', reject);
    });
    session.close();
    expect(text).toBe('ok');
  });
});

describe('discovery', () => {
  it('is plain or aggregated', async () => {
    expect((await admin.ask('/api')).body).toMatchObject({ kind: 'APIVersions', versions: ['v1'] });
    const { body } = await admin.ask('/apis');
    expect(body).toMatchObject({ kind: 'APIGroupList' });
    expect(JSON.stringify(body)).toContain('"groupVersion":"apps/v1"');
    const list = await admin.ask('/api/v1');
    expect(JSON.stringify(list.body)).toContain('"name":"pods/eviction"');
    for (const version of ['v2', 'v2beta1']) {
      const accept = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList,application/json`;
      const { headers, body: all } = await admin.ask('/apis', { accept });
      expect(headers['content-type']).toBe(
        `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
      );
      expect(all).toMatchObject({ apiVersion: `apidiscovery.k8s.io/${version}` });
    }
  });

  it('serves OpenAPI of both versions', async () => {
    const { body } = await admin.ask('/openapi/v3');
    const url = body.paths?.['apis/apps/v1']?.serverRelativeURL as unknown as string;
    const { text } = await admin.ask(url);
    expect(text).toContain('"x-kubernetes-patch-merge-key":"name"');
    expect(text).toContain('"name":"fieldValidation"');
    expect((await admin.ask('/openapi/v2')).text).toContain('"$ref":"#/definitions/io.k8s.api');
    const accept = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
    const { headers } = await admin.ask('/openapi/v2', { accept });
    expect(headers['content-type']).toContain('protobuf');
  });

  it('begins with a list of paths', async () => {
    const { paths } = (await admin.ask('/')).body;
    expect(paths).toContain('/apis/apps/v1');
    expect(paths).toContain('/version');
  });

  it('says what is not there', async () => {
    for (const path of ['/apis/x', '/apis/apps/v9', '/api/v1/gizmos', '/nope', '/openapi/v3/x']) {
      expect(await admin.ask(path)).toMatchObject({ code: 404, body: { reason: 'NotFound' } });
    }
    expect((await admin.ask('/api/v1/namespaces/default/nodes')).code).toBe(404);
    expect((await post('/api/v1/pods', pod('a'))).code).toBe(405);
  });

  it('answers for its health', async () => {
    expect((await admin.ask('/readyz')).text).toBe('ok');
    expect((await admin.ask('/readyz?verbose')).text).toBe(
      '[+]ping ok\n[+]etcd ok\n[+]etcd-readiness ok\n[+]informer-sync ok\n[+]poststarthook/rbac/bootstrap-roles ok\nreadyz check passed\n',
    );
    expect((await admin.ask('/livez?verbose&exclude=etcd&exclude=other')).text).toBe(
      '[+]ping ok\n[+]etcd excluded: ok\n[+]poststarthook/rbac/bootstrap-roles ok\nwarn: some health checks cannot be excluded: no matches for "other"\nlivez check passed\n',
    );
    expect((await admin.ask('/readyz/poststarthook/rbac/bootstrap-roles')).text).toBe('ok');
    expect((await admin.ask('/readyz/etcd')).text).toBe('ok');
    expect((await admin.ask('/readyz/none')).code).toBe(404);
  });
});

describe('lists', () => {
  it('come in pages, as tables, by selector, at a revision', async () => {
    for (const name of ['a', 'b', 'c']) await post(maps, configMap(name, { n: name }));
    const first = await admin.ask(`${maps}?limit=2`);
    expect(first.body).toMatchObject({
      kind: 'ConfigMapList',
      metadata: { remainingItemCount: 1 },
    });
    const token = textOf(first.body.metadata?.continue);
    const rest = await admin.ask(`${maps}?limit=2&continue=${token}`);
    expect(rest.body.items).toMatchObject([{ metadata: { name: 'c' } }]);
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
    const table = await admin.ask(maps, { accept });
    expect(table.body).toMatchObject({
      kind: 'Table',
      columnDefinitions: [{ name: 'Name' }, { name: 'Data' }, { name: 'Age' }],
      rows: [{ cells: ['a', 1, expect.stringMatching(/^\d+s$/)] }, {}, {}],
    });
    const one = await admin.ask(`${maps}?fieldSelector=metadata.name%3Db`);
    expect(one.body.items).toMatchObject([{ metadata: { name: 'b' } }]);
    const revision = textOf(first.body.metadata?.resourceVersion);
    await admin.ask(`${maps}/a`, { method: 'DELETE' });
    const exact = await admin.ask(`${maps}?resourceVersion=${revision}&resourceVersionMatch=Exact`);
    expect(exact.body.items).toHaveLength(3);
    const future = await admin.ask(`${maps}?resourceVersion=999999`);
    expect(future).toMatchObject({
      code: 504,
      body: { reason: 'Timeout', details: { causes: [{ reason: 'ResourceVersionTooLarge' }] } },
    });
  });
});

describe('watches', () => {
  it('stream lines, and begin where they are told', async () => {
    const made = await post(maps, configMap('a'));
    const revision = textOf(made.body.metadata?.resourceVersion);
    const watching = admin.lines(`${maps}?watch=1&resourceVersion=${revision}`, 2, () => {
      void post(maps, configMap('b')).then(() => admin.ask(`${maps}/b`, { method: 'DELETE' }));
    });
    expect(await watching).toMatchObject([
      { type: 'ADDED', object: { kind: 'ConfigMap', metadata: { name: 'b' } } },
      { type: 'DELETED', object: { metadata: { name: 'b' } } },
    ]);
  });

  it('can be lists', async () => {
    await post(maps, configMap('a'));
    const query =
      'watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
    expect(await admin.lines(`${maps}?${query}`, 2)).toMatchObject([
      { type: 'ADDED', object: { metadata: { name: 'a' } } },
      {
        type: 'BOOKMARK',
        object: { metadata: { annotations: { 'k8s.io/initial-events-end': 'true' } } },
      },
    ]);
    expect((await admin.ask(`${maps}?watch=1&sendInitialEvents=true`)).code).toBe(422);
    expect((await admin.ask(`${maps}?watch=1&resourceVersion=zz`)).code).toBe(400);
  });

  it('end with an error event where the history is gone', async () => {
    // A server that came later does not know what was before.
    const late = build();
    await late.start();
    const client = new RestClient(late.restPort, tls.ca, tls);
    expect(await client.lines(`${maps}?watch=1&resourceVersion=1`, 1)).toMatchObject([
      { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } },
    ]);
    await late.stop();
  });

  it('end with the server', async () => {
    const other = build();
    await other.start();
    const client = new RestClient(other.restPort, tls.ca, tls);
    const lines = client.lines(`${maps}?watch=1`, 1_000, () => void other.stop());
    expect(await lines).toEqual([]);
  });
});

describe('writes', () => {
  it('validate as they are asked', async () => {
    const odd = { ...configMap('a'), dtaa: {} };
    const strict = await post(`${maps}?fieldValidation=Strict`, odd);
    expect(strict.code).toBe(400);
    expect(strict.body.message).toContain('strict decoding error: unknown field "dtaa"');
    const warned = await post(maps, odd);
    expect(warned.code).toBe(201);
    expect(warned.headers['warning']).toBe('299 - "unknown field \\"dtaa\\""');
    expect((await post(`${maps}?fieldValidation=Ignore`, odd)).body.reason).toBe('AlreadyExists');
    expect((await post(`${maps}?dryRun=All`, configMap('dry'))).code).toBe(201);
    expect((await admin.ask(`${maps}/dry`)).code).toBe(404);
    const generated = await post(maps, { metadata: { generateName: 'x-' } });
    expect(generated.body.metadata?.name).toMatch(/^x-\w{5}$/);
  });

  it('refuse bodies that are none', async () => {
    expect((await post(maps, '{"a":')).code).toBe(400);
    expect((await post(maps, '[]')).code).toBe(400);
    expect((await post(maps, 'x', { type: 'text/plain' })).body.reason).toBe(
      'UnsupportedMediaType',
    );
    expect((await post(maps, 'x'.repeat(4 * 1024 * 1024))).code).toBe(413);
    expect((await patch(`${maps}/a`, 'x', {})).code).toBe(415);
    expect((await admin.ask(maps, { accept: 'image/png' })).code).toBe(406);
    expect((await admin.ask('/api/v1/namespaces/default/configmaps/%2e%2e')).code).toBe(400);
    const yaml = 'metadata:\n  name: yaml\n';
    expect((await post(maps, yaml, { type: 'application/yaml' })).code).toBe(201);
  });

  it('say what is in a body twice', async () => {
    const json = '{"metadata":{"name":"twice"},"data":{"a":"1","a":"2"}}';
    const yaml = 'metadata:\n  name: twice\ndata:\n  a: "1"\n  a: "2"\n';
    const type = 'application/yaml';
    const cannot =
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: ';
    const strict = `${maps}?fieldValidation=Strict`;
    expect((await post(strict, json)).body.message).toBe(`${cannot}duplicate field "data.a"`);
    expect((await post(strict, yaml, { type })).body.message).toBe(
      `${cannot}yaml: unmarshal errors:\n  line 5: key "a" already set in map`,
    );
    const warned = await post(maps, json);
    expect(warned.headers['warning']).toBe('299 - "duplicate field \\"data.a\\""');
    expect(warned.body).toMatchObject({ data: { a: '2' } });
    const ignored = await post(
      `${maps}?fieldValidation=Ignore&dryRun=All`,
      json.replace('name":"', 'name":"n'),
    );
    expect(ignored.code).toBe(201);
    expect(ignored.headers['warning']).toBeUndefined();
    expect((await post(maps, '')).body.message).toContain('unexpected end of JSON input (<empty>)');
    expect((await admin.ask(maps, { method: 'PUT', body: configMap('a') })).code).toBe(405);
  });

  it('replace, patch and delete', async () => {
    const { body } = await post(maps, configMap('a', { n: '1' }));
    const changed = { ...body, data: { n: '2' } };
    const put = (): Promise<Answer> => admin.ask(`${maps}/a`, { method: 'PUT', body: changed });
    expect((await put()).code).toBe(200);
    expect((await put()).body.reason).toBe('Conflict');
    await patch(`${maps}/a`, 'merge-patch', { data: { m: '1' } });
    await patch(`${maps}/a`, 'json-patch', [{ op: 'remove', path: '/data/n' }]);
    const patched = await patch(`${maps}/a`, 'strategic-merge-patch', {
      metadata: { labels: { a: 'b' } },
    });
    expect(patched.body).toMatchObject({ data: { m: '1' }, metadata: { labels: { a: 'b' } } });
    const gone = await admin.ask(`${maps}/a`, {
      method: 'DELETE',
      body: { kind: 'DeleteOptions', preconditions: { uid: 'other' } },
    });
    expect(gone.code).toBe(409);
    expect((await admin.ask(`${maps}/a`, { method: 'DELETE' })).body).toMatchObject({
      status: 'Success',
      details: { name: 'a', kind: 'configmaps' },
    });
  });

  it('show the scale of an object in columns of its own', async () => {
    const spec = {
      replicas: 3,
      selector: { matchLabels: { a: 'b' } },
      template: {
        metadata: { labels: { a: 'b' } },
        spec: { containers: [{ name: 'c', image: 'i' }] },
      },
    };
    const deployments = '/apis/apps/v1/namespaces/default/deployments';
    await post(deployments, { metadata: { name: 'scaled' }, spec });
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    const { body } = await admin.ask(`${deployments}/scaled/scale`, { accept });
    expect(body).toMatchObject({
      columnDefinitions: [
        { name: 'Name' },
        { name: 'Desired' },
        { name: 'Available' },
        { name: 'Age' },
      ],
      rows: [{ cells: ['scaled', 3, 0, expect.stringMatching(/^\d+s$/)] }],
    });
  });

  it('say how the components are, with a warning that nobody should ask so', async () => {
    const { body, headers } = await admin.ask('/api/v1/componentstatuses');
    expect(headers['warning']).toBe('299 - "v1 ComponentStatus is deprecated in v1.19+"');
    const conditions = (body['items'] as unknown as KubeObject[]).map((item) => [
      item.metadata?.name,
      (item as ComponentStatus).conditions?.[0]?.status,
    ]);
    // A store that answers, and nobody who schedules or controls.
    expect(conditions).toEqual([
      ['controller-manager', 'False'],
      ['etcd-0', 'True'],
      ['scheduler', 'False'],
    ]);
    expect((await admin.ask('/api/v1/componentstatuses/etcd-1')).code).toBe(404);
  });

  it('refuse names and namespaces that are no text', async () => {
    for (const part of ['name', 'namespace']) {
      const metadata = { name: 'a', [part]: [[{ toString: 1 }]] };
      const { code } = await admin.ask(`${maps}/a`, { method: 'PUT', body: { metadata } });
      expect([400, 404]).toContain(code);
    }
  });

  it('evict pods', async () => {
    const pods = '/api/v1/namespaces/default/pods';
    await post(pods, pod('a'));
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'a' } };
    expect((await post(`${pods}/a/eviction`, eviction)).code).toBe(201);
    expect(await server.api.list(refs.pods)).toMatchObject({ items: [] });
    expect((await admin.ask(`${pods}/a/log`)).body.message).toBe('pods "a" not found');
    const { spec, ...rest } = pod('b');
    await post(pods, { ...rest, spec: { containers: [], ...spec, nodeName: 'worker' } });
    await post(`${pods}/b/eviction`, { ...eviction, metadata: { name: 'b' } });
    expect((await admin.ask(`${pods}/b`)).body).toMatchObject({
      metadata: { deletionGracePeriodSeconds: 30 },
      status: { conditions: [{ type: 'DisruptionTarget', reason: 'EvictionByEvictionAPI' }] },
    });
    await server.api.delete(refs.pods, 'b', { namespace: 'default', gracePeriodSeconds: 0 });
  });
});

it('reads booleans as Kubernetes does', async () => {
  const kindOf = async (query: string): Promise<string> =>
    textOf((await admin.ask(`${maps}?${query}`)).body.kind);
  for (const no of ['watch=0', 'watch=false', 'watch=False', 'pretty=FALSE']) {
    expect(await kindOf(no)).toBe('ConfigMapList');
  }
  const [line] = await admin.lines(`${maps}?watch=&timeoutSeconds=1&resourceVersion=zz`, 1);
  expect(line).toBeUndefined();
});

it('is not brought down by a request for an upgrade before the answer to another', async () => {
  const socket = connectTls({ port: server.restPort, host: '127.0.0.1', ...tls, ALPNProtocols });
  const get = (path: string, headers = ''): string =>
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`;
  const watch = get(`${maps}?watch=1&timeoutSeconds=60`);
  socket.write(watch + get('/version', 'Connection: Upgrade\r\nUpgrade: h2c\r\n'));
  socket.resume();
  // Ended or reset.
  await once(socket, 'close').catch(() => undefined);
  expect((await admin.ask('/version')).code).toBe(200);
});

describe('who is answered while still sending', () => {
  const body = Buffer.alloc(12 * 1024 * 1024, ' ');
  const asked = { method: 'POST', body };

  it('hears it, over HTTP/1.1', async () => {
    const answers = await Promise.all([
      nobody.ask(maps, asked),
      admin.ask('/nowhere', asked),
      admin.ask('/apis/x/v1/namespaces/default/ys', asked),
      admin.ask(maps, { ...asked, accept: 'image/png' }),
      admin.ask(maps, asked),
    ]);
    expect(answers.map(({ code }) => code)).toEqual([401, 405, 404, 406, 413]);
    expect(answers.map(({ body: { kind } }) => kind)).toEqual(answers.map(() => 'Status'));
  });

  it('hears it, over HTTP/2, and the connection stays', async () => {
    const session = connect(`https://127.0.0.1:${server.restPort}`, tls);
    const ask = (method: string, path: string, content?: Buffer): Promise<number> =>
      new Promise((resolve, reject) => {
        const stream = session.request({ ':method': method, ':path': path });
        stream.on('response', ({ ':status': code }) => resolve(code ?? 0));
        stream.on('error', reject);
        stream.resume();
        // No more at once than the other side takes.
        if (content) Readable.from(content.toString().match(/.{65536}/g) ?? []).pipe(stream);
        else stream.end();
      });
    const codes = [await ask('POST', maps, body), await ask('POST', '/nowhere', body)];
    expect([...codes, await ask('GET', '/livez')]).toEqual([413, 405, 200]);
    session.close();
  });
});

it('YAML of thousands of keys, megabytes, or of a thousand levels, is answered like any other', async () => {
  const type = 'application/yaml';
  const head = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: wide}\ndata:\n';
  const wide = head + Array.from({ length: 5_000 }, (_, i) => `  k${i}: v\n`).join('');
  const long = `${wide}${`# ${'x'.repeat(77)}\n`.repeat(30_000)}`;
  const { code, body } = await admin.ask(maps, { method: 'POST', type, body: long });
  expect([code, body.data?.['k4999']]).toEqual([201, 'v']);
  const deep = `${head}  a: ${'['.repeat(1000)}${']'.repeat(1000)}\n`;
  const answer = await admin.ask(maps, { method: 'POST', type, body: deep });
  expect(answer.code).toBe(400);
  expect(answer.text).toMatch(/nested more than 200 levels deep|error decoding YAML/);
});
