import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { eventually, freePort } from '#shared/lab';
import { Kubectl, kubectlVersions, useKubectl } from './kubectl.ts';

const program = join(import.meta.dirname, '../../../dist/bin/quorate.js');
const dir = mkdtempSync(join(tmpdir(), 'quorate-apiserver-'));
const version = kubectlVersions().at(-1);
if (!version) throw new Error('there is a kubectl');
const first = useKubectl(version, 'another-server');
let server: ChildProcess;
let log = '';

const start = (...flags: string[]): ChildProcess =>
  spawn(process.execPath, [program, 'apiserver', `--data-dir=${dir}`, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });

beforeAll(async () => {
  // Servers of one cluster have the same authority and the same key for tokens.
  const pki = join(dirname(inject('kubeconfig')), 'pki');
  mkdirSync(join(dir, 'pki'));
  for (const file of ['ca.crt', 'ca.key', 'sa.key'])
    cpSync(join(pki, file), join(dir, 'pki', file));
  const ports = [`--secure-port=${await freePort()}`, `--grpc-port=${await freePort()}`];
  server = start(...inject('storeFlags'), ...ports);
  const collect = (chunk: Buffer): void => {
    log += chunk.toString();
  };
  server.stdout?.on('data', collect);
  server.stderr?.on('data', collect);
  await eventually('it to be ready', () => {
    if (/"msg":"ready"/.test(log)) return true;
    throw new Error(log);
  });
});
afterAll(() => rmSync(dir, { recursive: true }));

it('an API server on its own is another server of the same cluster, to kubectl and to controllers', async () => {
  if (!existsSync(join(dir, 'kubeconfig'))) throw new Error(log);
  const second = new Kubectl(version, first.namespace);
  second.env['KUBECONFIG'] = join(dir, 'kubeconfig');
  expect(await second.ok('get', '--raw', '/readyz')).toBe('ok');
  await second.ok('create', 'configmap', 'here', '--from-literal=a=1');
  // Whoever asks the other one next sees it.
  expect(await first.ok('get', 'configmap', 'here', '-o', 'jsonpath={.data.a}')).toBe('1');
  await first.ok('patch', 'configmap', 'here', '-p', '{"data":{"a":"2"}}');
  expect(await second.ok('get', 'configmap', 'here', '-o', 'jsonpath={.data.a}')).toBe('2');
  const image = 'busybox';
  await second.ok('create', 'deployment', 'here', `--image=${image}`, '--', 'sleep', '1000');
  await second.ok('rollout', 'status', 'deployment/here', '--timeout=120s');
  const token = (await second.ok('create', 'token', 'default')).trim();
  const who = ['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'];
  const authority = join(dir, 'pki', 'ca.crt');
  const server2 = await first.ok('config', 'view', '-o', 'jsonpath={.clusters[0].cluster.server}');
  const bearer = ['--kubeconfig=/dev/null', `--server=${server2}`, `--token=${token}`];
  expect(await first.ok(...who, ...bearer, `--certificate-authority=${authority}`)).toBe(
    `system:serviceaccount:${first.namespace}:default`,
  );
  await second.ok('delete', 'deployment', 'here');
  second.stop();
});

it('stops when told to', async () => {
  server.kill('SIGTERM');
  const [code] = (await once(server, 'exit')) as [number];
  expect(code).toBe(0);
});

it.each([
  [[], /required flag\(s\) "store-endpoints" not set/],
  [['--etcd-servers=https://127.0.0.1:1'], /--store-cafile is needed/],
  [['--etcd-servers=127.0.0.1:1'], /invalid --store-endpoints/],
  [['--etcd-servers=http://127.0.0.1:1', '--secure-port=x'], /--secure-port/],
])('with flags %j it says what is wrong', async (flags, text) => {
  const wrong = start(...flags);
  let said = '';
  wrong.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  // Not when it has ended: when all that it said is here, too.
  const [code] = (await once(wrong, 'close')) as [number];
  expect(code).not.toBe(0);
  expect(said).toMatch(text);
});
