import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRng } from '#shared/base';
import { type Clock, systemClock } from '#shared/clock';
import { createAuthority, createSigningKey, issueClient, issueServer } from '#shared/pki';
import { MvccKv } from '../../../shared/client/testing/mvcc-kv.ts';
import { silentLog } from '../../../shared/client/testing/silent-log.ts';
import { type ApiServer, createApiServer } from '../server.ts';
import { type Answer, type AskOptions, RestClient } from '../testing/rest-client.ts';

/** Runs with the system, and stands wherever a test needs it to. */
let aheadMs = 0;
const clock: Clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
const kv = new MvccKv(systemClock);
let server: ApiServer;
let admin: RestClient;
let nobody: RestClient;
let signing: string;

const listenOn = async (): Promise<{ ca: string; cert: string; key: string }> => {
  const now = systemClock.now();
  const authority = await createAuthority('test', now);
  const names = { dns: ['localhost'], ips: ['127.0.0.1'] };
  const served = await issueServer(authority, now, 'master-1', names);
  adminCredentials = await issueClient(authority, now, 'admin', ['system:masters']);
  return { ca: authority.cert, ...served };
};
let adminCredentials: { cert: string; key: string };

beforeAll(async () => {
  signing = await createSigningKey();
  const tls = await listenOn();
  server = createApiServer({
    kv,
    clock,
    log: silentLog,
    rng: createRng(1),
    uuid: randomUUID,
    listenRest: Promise.resolve({ host: '127.0.0.1', port: 0, tls }),
    security: {
      tokenKeys: Promise.resolve({ signing, issuer: 'https://kubernetes.default.svc' }),
      tokenFile: '# people\nsecret-of-ann,ann,1,"dev,ops"\n',
    },
  });
  await server.start();
  admin = new RestClient(server.restPort, tls.ca, adminCredentials);
  nobody = new RestClient(server.restPort, tls.ca);
});

afterAll(async () => {
  await server.stop();
  await kv.close();
});

const post = (path: string, body: unknown, options: AskOptions = {}): Promise<Answer> =>
  admin.ask(path, { method: 'POST', body, ...options });

const withToken = (token: string): AskOptions => ({
  headers: { authorization: `Bearer ${token}` },
});
const whoami = (options: AskOptions): Promise<Answer> =>
  nobody.ask('/apis/authentication.k8s.io/v1/selfsubjectreviews', {
    method: 'POST',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    ...options,
  });

const accounts = '/api/v1/namespaces/default/serviceaccounts';

const tokenFor = async (name: string, spec: object = {}): Promise<string> => {
  const { code, body } = await post(`${accounts}/${name}/token`, { spec });
  expect(code).toBe(201);
  return body.status?.token as unknown as string;
};

describe('tokens of service accounts', () => {
  it('name the account, for as long as it is the same', async () => {
    await post(accounts, { metadata: { name: 'robot' } });
    const token = await tokenFor('robot');
    const { code, body } = await whoami(withToken(token));
    expect(code).toBe(201);
    expect(body.status?.userInfo).toMatchObject({
      username: 'system:serviceaccount:default:robot',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
    });
    await admin.ask(`${accounts}/robot`, { method: 'DELETE' });
    await post(accounts, { metadata: { name: 'robot' } });
    expect((await whoami(withToken(token))).code).toBe(401);
  });

  it('end with their time, and are for their audience alone', async () => {
    await post(accounts, { metadata: { name: 'timed' } });
    const token = await tokenFor('timed', { expirationSeconds: 600 });
    expect((await whoami(withToken(token))).code).toBe(201);
    aheadMs = 601_000;
    expect((await whoami(withToken(token))).code).toBe(401);
    aheadMs = 0;
    const vault = await tokenFor('timed', { audiences: ['vault'] });
    expect((await whoami(withToken(vault))).code).toBe(401);
    const review = (audiences: string[]): Promise<Answer> =>
      post('/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token: vault, audiences } });
    expect((await review(['vault'])).body.status).toMatchObject({
      authenticated: true,
      audiences: ['vault'],
    });
    expect((await review(['other'])).body.status?.authenticated).toBeUndefined();
  });

  it('end with the pod they are bound to', async () => {
    await post(accounts, { metadata: { name: 'podded' } });
    const pods = '/api/v1/namespaces/default/pods';
    const spec = { serviceAccountName: 'podded', containers: [{ name: 'c', image: 'x' }] };
    await post(pods, { metadata: { name: 'p' }, spec });
    const bound = { kind: 'Pod', apiVersion: 'v1', name: 'p' };
    const token = await tokenFor('podded', { boundObjectRef: bound });
    const { body } = await whoami(withToken(token));
    expect(body.status?.userInfo?.extra).toMatchObject({
      'authentication.kubernetes.io/pod-name': ['p'],
    });
    await admin.ask(`${pods}/p`, { method: 'DELETE', body: { gracePeriodSeconds: 0 } });
    expect((await whoami(withToken(token))).code).toBe(401);
  });

  it('of somebody else, or changed on the way, are nobody', async () => {
    await post(accounts, { metadata: { name: 'victim' } });
    const token = await tokenFor('victim');
    const [head = '', , signature = ''] = token.split('.');
    const claims = { sub: 'system:serviceaccount:kube-system:admin', exp: 9e9 };
    const made = Buffer.from(JSON.stringify(claims)).toString('base64url');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    for (const bad of [`${head}.${made}.${signature}`, `${none}.${made}.`, 'a.b.c', 'x', '']) {
      expect((await whoami(withToken(bad))).code, bad).toBe(401);
    }
    expect((await whoami({ headers: { authorization: 'Basic eDp5' } })).code).toBe(401);
  });

  it('can be asked for within limits', async () => {
    await post(accounts, { metadata: { name: 'limits' } });
    const short = await post(`${accounts}/limits/token`, { spec: { expirationSeconds: 60 } });
    expect(short.body.message).toBe(
      'TokenRequest.authentication.k8s.io "limits" is invalid: spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes',
    );
    expect((await post(`${accounts}/nobody/token`, {})).code).toBe(404);
    // As kubectl says what it does not say.
    const nulls = { audiences: null, expirationSeconds: null, boundObjectRef: null };
    await tokenFor('limits', nulls);
    const text = { spec: { expirationSeconds: 'soon' } };
    expect((await post(`${accounts}/limits/token`, text)).code).toBe(400);
  });

  it('outlive the key they were signed with, where that still verifies', async () => {
    await post(accounts, { metadata: { name: 'kept' } });
    const token = await tokenFor('kept');
    const review = async (verifying: string[]): Promise<unknown> => {
      const issuer = 'https://kubernetes.default.svc';
      const next = createApiServer({
        kv,
        clock,
        log: silentLog,
        rng: createRng(2),
        uuid: randomUUID,
        security: {
          tokenKeys: Promise.resolve({ signing: await createSigningKey(), verifying, issuer }),
        },
      });
      await next.start();
      const ref = { group: 'authentication.k8s.io', version: 'v1', resource: 'tokenreviews' };
      const review: object = { spec: { token } };
      const answer = await next.api.create(ref, review);
      await next.stop();
      return (answer as { status?: { authenticated?: boolean } }).status?.authenticated;
    };
    expect(await review([signing])).toBe(true);
    expect(await review([])).toBeUndefined();
  });

  it('are verified by others with what the issuer says', async () => {
    const { body } = await admin.ask('/.well-known/openid-configuration');
    expect(body).toMatchObject({ issuer: 'https://kubernetes.default.svc' });
    const { createRemoteJWKSet, createLocalJWKSet, jwtVerify } = await import('jose');
    expect(typeof createRemoteJWKSet).toBe('function');
    const { text, headers } = await admin.ask('/openid/v1/jwks');
    expect(headers['content-type']).toBe('application/jwk-set+json');
    const keys = createLocalJWKSet(JSON.parse(text) as { keys: [] });
    await post(accounts, { metadata: { name: 'abroad' } });
    const { payload } = await jwtVerify(await tokenFor('abroad'), keys);
    expect(payload.sub).toBe('system:serviceaccount:default:abroad');
  });
});

it('static tokens name a user and groups', async () => {
  const { body } = await whoami(withToken('secret-of-ann'));
  expect(body.status?.userInfo).toEqual({
    username: 'ann',
    uid: '1',
    groups: ['dev', 'ops', 'system:authenticated'],
  });
  expect((await whoami(withToken('secret-of-an'))).code).toBe(401);
});

describe('reviews', () => {
  const canI = (verb: string, resource: string, options: AskOptions): Promise<Answer> =>
    nobody.ask('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
      method: 'POST',
      body: { spec: { resourceAttributes: { verb, resource, namespace: 'default' } } },
      ...options,
    });

  it('say what a user may do, and change with the bindings', async () => {
    const ann = withToken('secret-of-ann');
    expect((await canI('list', 'pods', ann)).body.status).toEqual({ allowed: false });
    await post('/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings', {
      metadata: { name: 'dev' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'dev' }],
    });
    await expect
      .poll(async () => (await canI('list', 'pods', ann)).body.status)
      .toEqual({
        allowed: true,
        reason: 'RBAC: allowed by RoleBinding "dev/default" of ClusterRole "view" to Group "dev"',
      });
    expect((await nobody.ask('/api/v1/namespaces/default/pods', ann)).code).toBe(200);
    const { code, body } = await nobody.ask('/api/v1/namespaces/default/secrets', ann);
    expect(code).toBe(403);
    expect(body.message).toBe(
      'secrets is forbidden: User "ann" cannot list resource "secrets" in API group "" in the namespace "default"',
    );
    const rules = await nobody.ask('/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', {
      method: 'POST',
      body: { spec: { namespace: 'default' } },
      ...ann,
    });
    expect(rules.body.status).toMatchObject({ incomplete: false });
    expect(JSON.stringify(rules.body.status)).toContain('pods/log');
  });

  it('of others are for those who may ask', async () => {
    const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
    const spec = { user: 'ann', nonResourceAttributes: { path: '/version', verb: 'get' } };
    const asked = await post(path, { spec: { ...spec, groups: ['system:authenticated'] } });
    expect(asked.body.status?.allowed).toBe(true);
    const body = { spec };
    const refused = await nobody.ask(path, { method: 'POST', body, ...withToken('secret-of-ann') });
    expect(refused.code).toBe(403);
    expect((await post(path, { spec: {} })).code).toBe(422);
  });
});

describe('impersonation', () => {
  const as = (user: string, ...groups: string[]): AskOptions => ({
    headers: {
      'impersonate-user': user,
      ...(groups.length > 0 && { 'impersonate-group': groups }),
    },
  });
  const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';

  it('is for those who may', async () => {
    const { body } = await post(path, {}, as('bob', 'a,b', 'c'));
    expect(body.status?.userInfo).toMatchObject({
      username: 'bob',
      groups: ['a,b', 'c', 'system:authenticated'],
    });
    const robot = await post(path, {}, as('system:serviceaccount:x:y'));
    expect(robot.body.status?.userInfo?.groups).toContain('system:serviceaccounts:x');
    const { headers } = withToken('secret-of-ann');
    const refused = await whoami({ headers: { ...headers, ...as('bob').headers } });
    expect(refused.code).toBe(403);
    expect(refused.body.message).toBe(
      'users "bob" is forbidden: User "ann" cannot impersonate resource "users" in API group "" at the cluster scope',
    );
    const alone = await post(path, {}, { headers: { 'impersonate-group': 'c' } });
    expect(alone.code).toBe(400);
  });
});

it('nobody is anonymous unless that is allowed', async () => {
  expect((await nobody.ask('/livez')).code).toBe(401);
});
