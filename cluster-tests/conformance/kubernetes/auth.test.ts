import { KeyObject } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import 'reflect-metadata';
import * as x509 from '@peculiar/x509';
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { eventually } from '#shared/lab';
import { kubectlVersions, type Result, useKubectl } from './kubectl.ts';

describe.each(kubectlVersions())('kubectl $version', (program) => {
  const kubectl = useKubectl(program, 'auth');
  const robot = `system:serviceaccount:${kubectl.namespace}:robot`;

  beforeAll(() => kubectl.ok('create', 'serviceaccount', 'robot'));

  function file(name: string, content: string): string {
    const path = join(kubectl.folder, name);
    writeFileSync(path, content);
    return path;
  }

  /** As whoever holds the token, and nothing else. */
  const withToken = (token: string, ...args: string[]): Promise<Result> =>
    withCredentials([`--token=${token}`], ...args);

  async function withCredentials(shown: string[], ...args: string[]): Promise<Result> {
    const config = JSON.parse(readFileSync(inject('kubeconfig'), 'utf8')) as {
      clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
    };
    const [first] = config.clusters;
    const server = first?.cluster.server ?? '';
    const flags = ['--kubeconfig=/dev/null', `--server=${server}`, '--insecure-skip-tls-verify'];
    return kubectl.run(...flags, ...shown, ...args);
  }

  // kubectl 1.27 has it as an experiment only.
  test.skipIf(program.version === '1.27')('whoami, and as somebody else', async () => {
    const text = await kubectl.ok('auth', 'whoami');
    expect(text).toContain('quorate-admin');
    expect(text).toContain('[system:masters system:authenticated]');
    const other = await kubectl.ok('auth', 'whoami', '--as=jane', '--as-group=dev');
    expect(other).toMatch(/Username\s+jane/);
    expect(other).toMatch(/Groups\s+\[dev system:authenticated\]/);
  });

  test('roles and bindings say what one may do', async () => {
    const as = `--as=${robot}`;
    const before = await kubectl.run('auth', 'can-i', 'list', 'pods', as);
    expect(before).toMatchObject({ code: 1, stdout: 'no\n' });
    await kubectl.ok('create', 'role', 'reader', '--verb=get,list', '--resource=pods,pods/log');
    const account = `--serviceaccount=${kubectl.namespace}:robot`;
    await kubectl.ok('create', 'rolebinding', 'reader', '--role=reader', account);
    await kubectl.until('yes', 'auth', 'can-i', 'list', 'pods', as);
    expect(await kubectl.ok('auth', 'can-i', 'get', 'pods', '--subresource=log', as)).toBe('yes\n');
    const list = await kubectl.ok('auth', 'can-i', '--list', as);
    expect(list).toMatch(/pods\/log\s+\[\]\s+\[\]\s+\[get list\]/);
    const refused = await kubectl.run('delete', 'pod', 'x', as);
    expect(refused).toMatchObject({
      code: 1,
      stderr: `Error from server (Forbidden): pods "x" is forbidden: User "${robot}" cannot delete resource "pods" in API group "" in the namespace "${kubectl.namespace}"\n`,
    });
    const nodes = await kubectl.run('get', 'nodes', as);
    expect(nodes.stderr).toBe(
      `Error from server (Forbidden): nodes is forbidden: User "${robot}" cannot list resource "nodes" in API group "" at the cluster scope\n`,
    );
  });

  test('a certificate: asked for, approved, used; and denied', async () => {
    const { csr, key } = await requestFor('jane', ['devs']);
    const names = ['granted', 'denied'].map((name) => `${kubectl.namespace}-${name}`);
    const [granted = '', denied = ''] = names;
    for (const name of names) {
      const request = {
        apiVersion: 'certificates.k8s.io/v1',
        kind: 'CertificateSigningRequest',
        metadata: { name },
        spec: {
          request: Buffer.from(csr).toString('base64'),
          signerName: 'kubernetes.io/kube-apiserver-client',
          usages: ['client auth'],
          expirationSeconds: 3_600,
        },
      };
      await kubectl.ok('create', '-f', file(`${name}.json`, JSON.stringify(request)));
    }
    expect(await kubectl.ok('get', 'csr', granted)).toMatch(/quorate-admin\s+60m\s+Pending/);
    await kubectl.ok('certificate', 'approve', granted);
    await kubectl.ok('certificate', 'deny', denied);
    await kubectl.until('Approved,Issued', 'get', 'csr', granted);
    await kubectl.until('Denied', 'get', 'csr', denied);
    const since = 'jsonpath={.status.conditions[?(@.type=="Approved")].lastTransitionTime}';
    expect(await kubectl.ok('get', 'csr', granted, '-o', since)).toMatch(/Z$/);
    const path = 'jsonpath={.status.certificate}';
    expect(await kubectl.ok('get', 'csr', denied, '-o', path)).toBe('');
    const certificate = await kubectl.ok('get', 'csr', granted, '-o', path);
    const cert = file('jane.crt', Buffer.from(certificate, 'base64').toString());
    const as = [`--client-certificate=${cert}`, `--client-key=${file('jane.key', key)}`];
    const answer = await withCredentials(as, 'get', 'pods');
    expect(answer.stderr).toContain('User "jane" cannot list resource "pods"');
    await kubectl.ok('delete', 'csr', ...names);
  });

  test('a token is its account, and no more', async () => {
    const token = (await kubectl.ok('create', 'token', 'robot', '--duration=15m')).trim();
    expect(token.split('.')).toHaveLength(3);
    await eventually('the token to list pods', async () => {
      const { code } = await withToken(token, 'get', 'pods');
      return code === 0 ? true : undefined;
    });
    const secrets = await withToken(token, 'get', 'secrets');
    expect(secrets.stderr).toContain(`User "${robot}" cannot list resource "secrets"`);
    const bad = await withToken(`${token}x`, 'get', 'pods');
    expect(bad.stderr).toContain('You must be logged in to the server');
    const short = await kubectl.run('create', 'token', 'robot', '--duration=1m');
    expect(short.stderr).toContain('may not specify a duration less than 10 minutes');
    const foreign = (await kubectl.ok('create', 'token', 'robot', '--audience=vault')).trim();
    expect((await withToken(foreign, 'get', 'pods')).code).toBe(1);
  });

  test('nobody hands out what they do not hold', async () => {
    const admin = `auth-admin-${kubectl.namespace}`;
    await kubectl.ok('create', 'rolebinding', 'admins', '--clusterrole=admin', `--user=${admin}`);
    await kubectl.until('yes', 'auth', 'can-i', 'create', 'rolebindings', `--as=${admin}`);
    const escalating = await kubectl.run(
      'create',
      'rolebinding',
      'more',
      '--clusterrole=cluster-admin',
      `--user=${admin}`,
      `--as=${admin}`,
    );
    expect(escalating.stderr).toContain(
      'is attempting to grant RBAC permissions not currently held',
    );
    await kubectl.ok(
      'create',
      'rolebinding',
      'less',
      '--clusterrole=view',
      '--user=x',
      `--as=${admin}`,
    );
  });

  test('a cluster role that is a sum follows its parts', async () => {
    const name = `sum-${kubectl.namespace}`;
    const label = `${name}/part`;
    const role = (body: object): Promise<string> =>
      kubectl.okWith(
        { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', ...body },
        'apply',
        '-f',
        '-',
      );
    const matchLabels = { [label]: 'true' };
    const aggregationRule = { clusterRoleSelectors: [{ matchLabels }] };
    await role({ metadata: { name }, aggregationRule });
    const rules = [{ apiGroups: ['example.com'], resources: ['things'], verbs: ['get'] }];
    await role({ metadata: { name: `${name}-a`, labels: matchLabels }, rules });
    await kubectl.until('things', 'get', 'clusterrole', name, '-o', 'yaml');
    await kubectl.ok('delete', 'clusterrole', name, `${name}-a`);
  });

  test('every namespace has its account and authority; pods take an account and a priority', async () => {
    const account = await kubectl.ok('get', 'serviceaccount', 'default', '-o', 'name');
    expect(account).toBe('serviceaccount/default\n');
    await kubectl.until('BEGIN CERTIFICATE', 'get', 'cm', 'kube-root-ca.crt', '-o', 'yaml');
    await kubectl.ok('run', 'one', '--image=none', '--command', '--', 'sleep', '1000');
    const spec = await kubectl.ok('get', 'pod', 'one', '-o', 'jsonpath={.spec}');
    expect(JSON.parse(spec)).toMatchObject({ serviceAccountName: 'default', priority: 0 });
    const overrides = '--overrides={"spec":{"serviceAccountName":"ghost"}}';
    const ghost = await kubectl.run('run', 'two', '--image=none', overrides);
    expect(ghost.stderr).toContain(
      `pods "two" is forbidden: error looking up service account ${kubectl.namespace}/ghost: serviceaccount "ghost" not found`,
    );
    await kubectl.ok('delete', 'pod', 'one', '--wait=false');
  });
});

/** A request for a certificate and its key, both PEM. */
async function requestFor(
  user: string,
  groups: readonly string[],
): Promise<{ csr: string; key: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const made = await x509.Pkcs10CertificateRequestGenerator.create({
    name: [...groups.map((group) => ({ O: [group] })), { CN: [user] }],
    keys,
    signingAlgorithm: algorithm,
  });
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString();
  return { csr: made.toString('pem'), key };
}
