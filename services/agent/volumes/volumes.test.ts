import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Pod } from '#shared/api';
import { findMountSupport } from '../runtime/process/mounts/mount-support.ts';
import { OneNode, podOf } from '../testing/one-node.ts';
import type { PodApi } from '../testing/pod-api.ts';

let node: OneNode;
let api: PodApi;

beforeEach(() => {
  node = new OneNode();
  api = node.api;
});

afterEach(() => node.close());

const shell = (script: string) => ({ command: ['sh', '-c', script] });
const phase = (name: string) => api.pod(name)?.status?.phase;
const main = (name: string) => api.pod(name)?.status?.containerStatuses?.[0];
const object = (name: string, more: object) => ({
  metadata: { name, namespace: 'default' },
  ...more,
});
const settings = (color: string) =>
  api.put(object('settings', { data: { color, size: 'big' } }), 'configmaps');
const folderOf = (pod: Pod, ...below: string[]) =>
  join(node.dataDir, 'volumes', pod.metadata?.uid ?? '', ...below);

async function until(check: () => boolean): Promise<void> {
  while (!check()) await new Promise((resolve) => setImmediate(resolve));
}

/** Runs a script with volumes to its end, and gives what it wrote to the volume `out`. */
async function outputOf(
  script: string,
  volumes: object[],
  volumeMounts: { name: string; mountPath: string }[],
  mounts: 'auto' | 'off' = 'auto',
): Promise<string> {
  const pod = podOf(
    'job',
    {
      command: ['sh', '-c', `{ ${script}; } >$QUORATE_ROOT/out/put 2>&1`],
      volumeMounts: [...volumeMounts, { name: 'out', mountPath: '/out' }],
    },
    { restartPolicy: 'Never', volumes: [...volumes, { name: 'out', emptyDir: {} }] },
  );
  api.put(pod);
  await node.run({ mounts });
  await api.until(() => phase('job') === 'Succeeded' || phase('job') === 'Failed');
  return readFileSync(folderOf(pod, 'out', 'put'), 'utf8');
}

const everyKind = [
  { name: 'config', configMap: { name: 'settings', defaultMode: 0o444 } },
  { name: 'login', secret: { secretName: 'login', items: [{ key: 'user', path: 'a/b' }] } },
  { name: 'none', configMap: { name: 'nothing', optional: true } },
  {
    name: 'all',
    projected: {
      sources: [
        { serviceAccountToken: { path: 'token', expirationSeconds: 600, audience: 'x' } },
        { configMap: { name: 'settings', items: [{ key: 'size', path: 'size', mode: 0o400 }] } },
        {
          downwardAPI: {
            items: [
              { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
              { path: 'cpu', resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } },
            ],
          },
        },
      ],
    },
  },
];

/** A machine may keep mounts from this user: then there is nothing to be tested of them. */
const scratch = mkdtempSync(join(tmpdir(), 'mounts-'));
const mounting = (await findMountSupport(scratch)) !== 'none';
rmSync(scratch, { recursive: true });

for (const mounts of ['auto', 'off'] as const) {
  test(`every kind of volume is where it is mounted (${mounts})`, async () => {
    settings('red');
    api.put(object('login', { data: { user: btoa('me'), other: btoa('no') } }), 'secrets');
    const read = 'cd $QUORATE_ROOT/conf; head -n 9 color login/a/b all/* none/* 2>/dev/null';
    const output = await outputOf(
      `${read}; echo; stat -Lc %a all/size color`,
      everyKind,
      [
        { name: 'config', mountPath: '/conf' },
        { name: 'login', mountPath: '/conf/login' },
        { name: 'none', mountPath: '/conf/none' },
        { name: 'all', mountPath: '/conf/all/' },
      ],
      mounts,
    );
    const files = Object.fromEntries(
      [...output.matchAll(/==> (\S+) <==\n([^\n]*)/g)].map(([, name, text]) => [name, text]),
    );
    expect(files).toMatchObject({
      color: 'red',
      'login/a/b': 'me',
      'all/token': 'serviceaccounts/default/token 1',
      'all/labels': 'app="x"',
      'all/size': 'big',
    });
    expect(Number(files['all/cpu'])).toBeGreaterThanOrEqual(1000);
    expect(output.trimEnd().split('\n').slice(-2)).toEqual(['400', '444']);
    expect(api.tokenRequests[0]).toMatchObject({ audiences: ['x'], expirationSeconds: 600 });
  });
}

test.skipIf(!mounting)('what a mount point lacks on the host is nowhere left there', async () => {
  const output = await outputOf(
    'cat /etc/quorate-test/deep/color; ls /etc/hostname; echo x >/etc/quorate-test/deep/color',
    [{ name: 'config', configMap: { name: settings('red').metadata.name } }],
    [{ name: 'config', mountPath: '/etc/quorate-test/deep' }],
  );
  expect(output).toMatch(/^red/);
  expect(output).toContain('Read-only file system');
  expect(existsSync('/etc/quorate-test')).toBe(false);
});

test.skipIf(!mounting)(
  'a volume over the folder that holds the volumes hides nothing that is mounted after it',
  async () => {
    settings('red');
    const output = await outputOf(
      'ls /tmp; cat /conf/color /tmp/deep/color; pwd',
      [
        { name: 'tmp', emptyDir: { medium: 'Memory' } },
        { name: 'config', configMap: { name: 'settings' } },
      ],
      [
        { name: 'tmp', mountPath: '/tmp' },
        { name: 'config', mountPath: '/conf' },
        { name: 'config', mountPath: '/tmp/deep' },
      ],
    );
    expect(output).toMatch(/^deep\nredred/);
  },
);

test.skipIf(!mounting)(
  'a script of a ConfigMap is a command, and its folder the working one',
  async () => {
    api.put(object('scripts', { data: { 'run.sh': '#!/bin/sh\npwd >/out/put' } }), 'configmaps');
    const pod = podOf(
      'job',
      {
        command: ['./run.sh'],
        workingDir: '/scripts',
        volumeMounts: [
          { name: 'scripts', mountPath: '/scripts' },
          { name: 'out', mountPath: '/out' },
        ],
      },
      {
        restartPolicy: 'Never',
        volumes: [
          { name: 'scripts', configMap: { name: 'scripts', defaultMode: 0o755 } },
          { name: 'out', emptyDir: {} },
        ],
      },
    );
    api.put(pod);
    await node.run();
    await api.until(() => phase('job') === 'Succeeded');
    expect(readFileSync(folderOf(pod, 'out', 'put'), 'utf8')).toBe('/scripts\n');
  },
);

test.skipIf(!mounting)(
  'subPath and subPathExpr mount a part, and never something outside of the volume',
  async () => {
    settings('red');
    const pod = podOf('job', {
      ...shell('cat /etc/app.conf >/out/got'),
      env: [{ name: 'ME', value: 'me' }],
      volumeMounts: [
        { name: 'config', mountPath: '/etc/app.conf', subPath: 'color' },
        { name: 'out', mountPath: '/out', subPathExpr: 'logs/$(ME)' },
      ],
    });
    const spec = {
      ...pod.spec,
      restartPolicy: 'Never',
      volumes: [
        { name: 'config', configMap: { name: 'settings' } },
        { name: 'out', emptyDir: {} },
      ],
    };
    api.put({ ...pod, spec } as Pod);
    const outside = podOf('outside', {
      ...shell('true'),
      volumeMounts: [{ name: 'out', mountPath: '/out', subPath: '../..' }],
    });
    api.put({
      ...outside,
      spec: { ...outside.spec, volumes: [{ name: 'out', emptyDir: {} }] },
    } as Pod);
    await node.run();
    await api.until(() => phase('job') === 'Succeeded');
    expect(readFileSync(folderOf(pod, 'out', 'logs', 'me', 'got'), 'utf8')).toBe('red');
    await api.until(() => main('outside')?.state?.waiting?.reason === 'CreateContainerConfigError');
  },
);

test('changes reach the running pod in one step; secrets are for nobody else and go with it', async () => {
  settings('red');
  const pod = podOf(
    'web',
    { ...shell('sleep 1000'), volumeMounts: [{ name: 'config', mountPath: '/conf' }] },
    { volumes: [{ name: 'config', configMap: { name: 'settings' } }] },
  );
  api.put(pod);
  const first = await node.start();
  await api.until(() => phase('web') === 'Running');
  const color = folderOf(pod, 'config', 'color');
  expect(readFileSync(color, 'utf8')).toBe('red');
  expect(statSync(folderOf(pod)).mode & 0o777).toBe(0o700);
  settings('blue');
  await until(() => readFileSync(color, 'utf8') === 'blue');
  const started = main('web')?.containerID;
  await first.stop();
  settings('green');
  await node.run();
  await until(() => readFileSync(color, 'utf8') === 'green');
  expect(main('web')?.containerID).toBe(started);
  // One link to one folder of data, and a link for each key.
  await until(() => readdirSync(folderOf(pod, 'config')).length === 4);
  api.remove('pods/default/web');
  await until(() => !existsSync(folderOf(pod)));
});

test('a token is renewed in time under the running container', async () => {
  const account = {
    name: 'account',
    projected: { sources: [{ serviceAccountToken: { path: 'token' } }] },
  };
  const pod = podOf('web', shell('sleep 1000'), { volumes: [account] });
  api.tokenSeconds = 0.02;
  api.put(pod);
  await node.run();
  await api.until(() => phase('web') === 'Running');
  const started = main('web')?.containerID;
  const given = () => Number(readFileSync(folderOf(pod, 'account', 'token'), 'utf8').split(' ')[1]);
  await until(() => given() >= 3);
  expect(main('web')?.containerID).toBe(started);
});

test('a volume that is not there yet keeps the pod waiting, and says why', async () => {
  const volumes = [
    { name: 'config', configMap: { name: 'settings' } },
    { name: 'host', hostPath: { path: '/dev/null', type: 'Directory' } },
  ];
  api.put(podOf('web', shell('sleep 1000'), { volumes }));
  api.put(podOf('late', shell('sleep 1000'), { volumes: volumes.slice(0, 1) }));
  await node.run();
  const failed = (volume: string) => `FailedMount: MountVolume.SetUp failed for volume "${volume}"`;
  await api.until(() =>
    [
      `${failed('config')} : configmap "settings" not found`,
      `${failed('host')} : hostPath type check failed: /dev/null is not a directory`,
    ].every((event) => api.events.includes(event)),
  );
  await api.until(() => main('late')?.state?.waiting?.reason === 'ContainerCreating');
  settings('red');
  await api.until(() => phase('late') === 'Running');
});
