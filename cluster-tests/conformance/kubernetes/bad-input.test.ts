import { createPrivateKey, sign, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { createAuthority, issueClient, loadAuthority } from '#shared/pki';
import { kubectlVersions, useKubectl } from './kubectl.ts';

const version = kubectlVersions().at(-1);
if (!version) throw new Error('there is a kubectl');
const kubectl = useKubectl(version, 'bad-input');

interface Config {
  readonly clusters: { cluster: { server: string } }[];
  readonly users: { user: { 'client-certificate-data': string; 'client-key-data': string } }[];
}

interface Identity {
  readonly cert?: string;
  readonly key?: string;
  readonly token?: string;
}

const config = JSON.parse(readFileSync(inject('kubeconfig'), 'utf8')) as Config;
const server = config.clusters[0]?.cluster.server ?? '';
const [user] = config.users;
const plain = (base64 = ''): string => Buffer.from(base64, 'base64').toString();
const admin: Identity = {
  cert: plain(user?.user['client-certificate-data']),
  key: plain(user?.user['client-key-data']),
};
const pki = inject('kubeconfig').replace(/kubeconfig$/, 'pki/');
const dayMs = 24 * 60 * 60 * 1000;

interface Asked {
  readonly method?: string;
  readonly type?: string;
  readonly body?: string | Buffer;
  readonly as?: Identity;
  /** Without saying before how much it is. */
  readonly chunked?: boolean;
}

/** The path as it is, and the Status that comes back: `400 BadRequest …`. */
function ask(
  path: string,
  { method = 'GET', type, body, as = admin, chunked = false }: Asked = {},
): Promise<string> {
  const { token, ...certificate } = as;
  const headers = {
    ...(type !== undefined && { 'content-type': type }),
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
  return new Promise((resolve, reject) => {
    const sent = request(
      server,
      { ...certificate, path, method, headers, rejectUnauthorized: false, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const { reason = '', message = '' } = JSON.parse(text) as Record<string, string>;
          resolve(`${response.statusCode} ${reason} ${message}`);
        });
      },
    );
    sent.on('error', reject);
    if (chunked) sent.write(body);
    sent.end(chunked ? undefined : body);
  });
}

const maps = `/api/v1/namespaces/${kubectl.namespace}/configmaps`;

beforeAll(() => kubectl.ok('create', 'configmap', 'victim', '--from-literal=a=b'));

describe('who somebody else vouches for is nobody', () => {
  const asked = (as: Identity): Promise<string> => ask(maps, { as });

  test('a certificate of another authority, or one that is over', async () => {
    const nowMs = Date.now();
    const foreign = await createAuthority('kubernetes', nowMs);
    expect(await asked(await issueClient(foreign, nowMs, 'admin', ['system:masters']))).toMatch(
      /^401 Unauthorized/,
    );
    const file = (name: string): string => readFileSync(`${pki}${name}`, 'utf8');
    const own = await loadAuthority({ cert: file('ca.crt'), key: file('ca.key') });
    const late = await issueClient(own, nowMs - 500 * dayMs, 'admin', ['system:masters']);
    expect(Date.parse(new X509Certificate(late.cert).validTo)).toBeLessThan(nowMs);
    expect(await asked(late)).toMatch(/^401 Unauthorized/);
  });

  test('a token that is none, has another signature, or none', async () => {
    const token = (await kubectl.ok('create', 'token', 'default')).trim();
    const [, claims = ''] = token.split('.');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    expect(await asked({ token })).toMatch(/^403 Forbidden/);
    const bad = ['x', 'a.b.c', `${none}.${claims}.`, `${token.slice(0, -8)}AAAAAAAA`];
    for (const each of bad) {
      expect(await asked({ token: each })).toMatch(/^401 Unauthorized/);
    }
  });
});

/** A token of the cluster's own key, with other claims than it would give it. */
function signed(token: string, other: object): string {
  const [header = '', claims = ''] = token.split('.');
  const given = JSON.parse(Buffer.from(claims, 'base64url').toString()) as object;
  const body = Buffer.from(JSON.stringify({ ...given, ...other })).toString('base64url');
  const key = createPrivateKey(readFileSync(`${pki}sa.key`));
  const text = Buffer.from(`${header}.${body}`);
  const signature = sign('sha256', text, { key, dsaEncoding: 'ieee-p1363' });
  return `${text.toString()}.${signature.toString('base64url')}`;
}

test('a token holds for its time, and for this server', async () => {
  const token = (await kubectl.ok('create', 'token', 'default')).trim();
  const now = Math.floor(Date.now() / 1000);
  const asked = (other: object): Promise<string> =>
    ask(maps, { as: { token: signed(token, other) } });
  expect(await asked({ exp: now + 60 })).toMatch(/^403 Forbidden/);
  const bad = [{ exp: now - 60 }, { nbf: now + 60 }, { aud: ['https://elsewhere'] }, { iss: 'me' }];
  for (const each of bad) expect(await asked(each)).toBe('401 Unauthorized Unauthorized');
});

test.each([
  ['/api/v1/namespaces/default/%2e%2e/secrets', 404],
  ['/api/v1/namespaces/default/../../v1/pods', 404],
  ['//api/v1/pods', 404],
  ['/api/v1/namespaces/default/pods/a%2Fb', 400],
  ['/api/v1/namespaces/default/pods/%00', 400],
  ['/api/v1/namespaces/default/pods/%zz', 400],
  ['/api/v1/namespaces/%2e%2e/pods', 400],
  [`/api/v1/namespaces/default/pods/${'a'.repeat(10_000)}`, 404],
  ['/api/v1/pods?limit=x', 400],
  ['/api/v1/pods?continue=x', 400],
  ['/api/v1/pods?resourceVersion=x', 400],
])('%s', async (path, code) => {
  expect(await ask(path)).toMatch(new RegExp(`^${code} `));
});

const object = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"new"}';
const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;
const bomb = ['k0: &k0 [x,x,x,x,x,x,x,x,x]']
  .concat(
    Array.from(
      { length: 8 },
      (_, i) => `k${i + 1}: &k${i + 1} [${Array(9).fill(`*k${i}`).join()}]`,
    ),
  )
  .join('\n');

test.each<[string, string, string | Buffer, RegExp]>([
  ['half an object', 'application/json', object, /^400 BadRequest/],
  ['nothing', 'application/json', '', /^400 BadRequest .*unexpected end of JSON input/],
  ['a list', 'application/json', '[]', /^400 BadRequest .*cannot unmarshal array/],
  ['depth', 'application/json', `${object},"data":${nested(100_000)}}`, /^400 BadRequest/],
  ['depth in YAML', 'application/yaml', `data: ${nested(5_000)}`, /^400 BadRequest/],
  ['aliases of aliases', 'application/yaml', bomb, /^400 BadRequest/],
  [
    'a key twice',
    'application/json',
    `${object},"data":{"a":"","a":""}}`,
    /duplicate field "data.a"/,
  ],
  ['an unknown field', 'application/json', `${object},"dta":{}}`, /unknown field "dta"/],
  ['a wrong type', 'application/json', `${object},"data":{"a":1}}`, /cannot unmarshal number/],
  [
    '1.2 MiB',
    'application/json',
    `${object},"data":{"a":"${'x'.repeat(1_200_000)}"}}`,
    /^422 Invalid/,
  ],
  [
    'YAML of 2.5 MiB',
    'application/yaml',
    `${'# a comment\n'.repeat(220_000)}apiVersion: v1\nkind: ConfigMap\ndta: {}`,
    /^400 BadRequest .*unknown field "dta"/,
  ],
  ['4 MiB', 'application/json', `${object},"data":{"a":"${'x'.repeat(4_000_000)}"}}`, /^413 /],
  ['no protobuf', 'application/vnd.kubernetes.protobuf', 'k8s', /^400 BadRequest/],
  [
    'half of protobuf',
    'application/vnd.kubernetes.protobuf',
    Buffer.from('k8s\0\xff', 'latin1'),
    /^400 /,
  ],
  ['a picture', 'image/png', 'x', /^415 UnsupportedMediaType/],
])('a new object of %s', async (_what, type, body, answer) => {
  expect(await ask(`${maps}?fieldValidation=Strict`, { method: 'POST', type, body })).toMatch(
    answer,
  );
});

test('a new object of 4 MiB in chunks', async () => {
  const body = `${object},"data":{"a":"${'x'.repeat(4_000_000)}"}}`;
  const type = 'application/json';
  expect(await ask(maps, { method: 'POST', type, body, chunked: true })).toMatch(/^413 /);
});

const doubling = Array.from({ length: 40 }, (_, i) => ({
  op: 'copy',
  from: '/data',
  path: `/data/${i}`,
}));

test.each<[string, string, unknown, RegExp]>([
  ['no list', 'json-patch', {}, /^400 BadRequest/],
  ['an unknown operation', 'json-patch', [{ op: 'x', path: '/a' }], /^400 BadRequest/],
  ['a failing test', 'json-patch', [{ op: 'test', path: '/data/a', value: 'x' }], /^422 Invalid/],
  ['a prototype', 'json-patch', [{ op: 'add', path: '/__proto__/x', value: 1 }], /^400 BadRequest/],
  [
    'copies that double',
    'json-patch',
    [{ op: 'add', path: '/data/x', value: 'x'.repeat(100_000) }, ...doubling],
    /^422 Invalid .*accumulated size/,
  ],
  [
    '20,000 operations',
    'json-patch',
    Array.from({ length: 20_000 }, () => ({ op: 'test', path: '', value: 1 })),
    /^413 /,
  ],
  ['another name', 'merge-patch', { metadata: { name: 'x' } }, /^400 BadRequest/],
  ['a list', 'merge-patch', [], /^400 BadRequest/],
  ['an unknown directive', 'strategic-merge-patch', { data: { $patch: 'x' } }, /^400 BadRequest/],
  ['an unknown form', 'patch', {}, /^415 UnsupportedMediaType/],
])('a patch with %s', async (_what, form, patch, answer) => {
  const type = `application/${form}+json`;
  const asked = { method: 'PATCH', type, body: JSON.stringify(patch) };
  expect(await ask(`${maps}/victim`, asked)).toMatch(answer);
});

test.each<[string, string, RegExp]>([
  ['POST', '?dryRun=Some', /^422 Invalid CreateOptions.meta.k8s.io "" is invalid: dryRun: /],
  ['POST', '?fieldValidation=Loud', /^422 Invalid CreateOptions.* supported values: "", "Ignore"/],
  ['PUT', '/victim?fieldManager=%0a', /^422 Invalid UpdateOptions.*invalid character U\+000A/],
  ['DELETE', '/victim?propagationPolicy=Up', /^422 Invalid DeleteOptions.* "Orphan", "nil"$/],
  [
    'DELETE',
    '/victim?dryRun=x',
    /^422 .*Unsupported value: \[\]string\{"x"\}: supported values: "All"$/,
  ],
  ['DELETE', '/victim?gracePeriodSeconds=x', /^400 BadRequest strconv.ParseInt: parsing "x"/],
  ['DELETE', '?resourceVersionMatch=Exact', /^422 Invalid ListOptions.* unless resourceVersion is/],
])('%s %s', async (method, path, answer) => {
  const type = 'application/json';
  const body = method === 'DELETE' ? '' : `${object}}`;
  expect(await ask(`${maps}${path}`, { method, type, body })).toMatch(answer);
});

test('nothing of it changed anything', async () => {
  const names = await kubectl.ok('get', 'configmaps', '-o', 'jsonpath={.items[*].metadata.name}');
  expect(names).toBe('kube-root-ca.crt victim');
  expect(await kubectl.ok('get', 'configmap', 'victim', '-o', 'jsonpath={.data}')).toBe(
    '{"a":"b"}',
  );
  expect(await ask(maps, { method: 'PUT', type: 'application/json', body: '{}' })).toMatch(/^405 /);
});
