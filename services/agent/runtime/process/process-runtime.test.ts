import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ManualClock } from '#shared/clock';
import { whileMoving } from '../../testing/while-moving.ts';
import type { ContainerRuntime, ContainerStatus } from '../runtime.ts';
import { findMountSupport } from './mounts/mount-support.ts';
import { createProcessRuntime } from './process-runtime.ts';

const quiet = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet };
let podsDir: string;
let clock: ManualClock;
const opened: ContainerRuntime[] = [];

beforeEach(() => {
  podsDir = mkdtempSync(join(tmpdir(), 'runtime-'));
  clock = new ManualClock();
});

afterEach(async () => {
  for (const runtime of opened.splice(0)) {
    for (const sandbox of await runtime.listPodSandboxes()) {
      for (const { id } of await runtime.listContainers(sandbox.id)) {
        await whileMoving(clock, runtime.stopContainer(id, 0), 1_000_000);
      }
    }
    await runtime.close();
  }
  rmSync(podsDir, { recursive: true });
});

async function openRuntime(): Promise<ContainerRuntime> {
  const logLimits = { maxBytes: 1000, maxFiles: 3 };
  const runtime = await createProcessRuntime({
    podsDir,
    clock,
    log: quiet,
    logLimits,
    logCheckMs: 1000,
    relistMs: 1_000_000,
    mounts: 'auto',
  });
  runtime.updateRuntimeConfig({ podCidr: '127.64.9.0/24' });
  opened.push(runtime);
  return runtime;
}

const shell = (script: string, attempt = 0) => ({
  name: 'main',
  attempt,
  image: 'none',
  command: ['sh', '-c', script],
  env: { PATH: process.env['PATH'] ?? '' },
});

const pod = { uid: 'uid-1', name: 'web', namespace: 'default' };

async function create(runtime: ContainerRuntime, script: string, attempt = 0): Promise<string> {
  const { id } = await runtime.runPodSandbox(pod);
  return await runtime.createContainer(id, shell(script, attempt));
}

/** Resolves when a process that was killed is gone, or waits to be reaped. */
async function ended(pid: number): Promise<void> {
  const stat = `/proc/${pid}/stat`;
  while (existsSync(stat) && !/\) [ZX]/.test(readFileSync(stat, 'utf8'))) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The next end of a container of the pod. */
const exit = (runtime: ContainerRuntime) =>
  new Promise<void>((resolve) => runtime.onContainerExit(() => resolve()));

async function runToEnd(runtime: ContainerRuntime, script: string): Promise<ContainerStatus> {
  const id = await create(runtime, script);
  const ended = exit(runtime);
  await runtime.startContainer(id);
  await ended;
  return await runtime.containerStatus(id);
}

async function output(runtime: ContainerRuntime, id: string, options = {}): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of runtime.containerLog(id, options)) parts.push(part);
  return Buffer.concat(parts).toString();
}

/** Waits for a line of the container's output, and leaves it running. */
async function line(runtime: ContainerRuntime, id: string, text: string): Promise<void> {
  let seen = '';
  while (!seen.includes(text)) {
    seen = await output(runtime, id);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('a container ends with the exit code of its command', async () => {
  const runtime = await openRuntime();
  expect(await runToEnd(runtime, 'echo out; echo err >&2; exit 7')).toMatchObject({
    id: 'uid-1.main.0',
    state: 'exited',
    exitCode: 7,
    reason: 'Error',
  });
  expect(await output(runtime, 'uid-1.main.0')).toBe('out\nerr\n');
});

test('a signalled command ends with 128 and the signal', async () => {
  const runtime = await openRuntime();
  const status = await runToEnd(runtime, 'kill -TERM $$');
  expect(status).toMatchObject({ exitCode: 143, signal: 15 });
  expect(await output(runtime, status.id)).toBe('');
});

test('a container has the name of its pod, and so have commands beside it', async () => {
  const runtime = await openRuntime();
  const { id } = await runtime.runPodSandbox(pod);
  const support = await findMountSupport(join(podsDir, 'rehearsal'));
  const name = support === 'none' ? hostname() : 'web-0';
  const config = { ...shell('uname -n; exec sleep 1000'), hostname: 'web-0' };
  const container = await runtime.createContainer(id, config);
  await runtime.startContainer(container);
  await line(runtime, container, `${name}\n`);
  const beside = await runtime.execSync(container, ['uname', '-n'], 1_000_000);
  expect(beside).toMatchObject({ exitCode: 0, output: `${name}\n` });
  await whileMoving(clock, runtime.stopContainer(container, 0), 1_000_000);
});

test('the environment is exactly the one asked for', async () => {
  const runtime = await openRuntime();
  const { id } = await runtime.runPodSandbox(pod);
  const config = { ...shell(''), command: ['/usr/bin/env'], env: { A: 'b c', PATH: '/bin' } };
  const container = await runtime.createContainer(id, config);
  const ended = exit(runtime);
  await runtime.startContainer(container);
  await ended;
  const names = (await output(runtime, container)).split('\n').map((entry) => entry.split('=')[0]);
  // The shell itself sets PWD and may set OLDPWD, SHLVL and _.
  expect(names.filter((name) => !['', 'PWD', 'OLDPWD', 'SHLVL', '_'].includes(name ?? ''))).toEqual(
    expect.arrayContaining(['A', 'PATH']),
  );
  expect(await output(runtime, container)).toContain('A=b c\n');
});

test('arguments reach the command as they are', async () => {
  const runtime = await openRuntime();
  const { id } = await runtime.runPodSandbox(pod);
  const command = ['printf', '[%s]', 'a b', '$HOME', "it's", '', '*', '-x'];
  const container = await runtime.createContainer(id, { ...shell(''), command });
  const ended = exit(runtime);
  await runtime.startContainer(container);
  await ended;
  expect(await output(runtime, container)).toBe("[a b][$HOME][it's][][*][-x]");
});

test('a command that cannot be run is a start error with a message', async () => {
  const runtime = await openRuntime();
  const { id } = await runtime.runPodSandbox(pod);
  const missing = { ...shell(''), command: ['no-such-program'] };
  const container = await runtime.createContainer(id, missing);
  await runtime.startContainer(container);
  expect(await runtime.containerStatus(container)).toMatchObject({
    state: 'exited',
    exitCode: 127,
    reason: 'StartError',
    message: expect.stringContaining('"no-such-program": executable file not found in $PATH'),
  });
});

test('stop sends SIGTERM and takes the exit code the command then chooses', async () => {
  const runtime = await openRuntime();
  const id = await create(runtime, 'trap "exit 3" TERM; echo up; while :; do sleep 0.01; done');
  await runtime.startContainer(id);
  await line(runtime, id, 'up');
  await runtime.stopContainer(id, 30_000);
  expect(await runtime.containerStatus(id)).toMatchObject({ state: 'exited', exitCode: 3 });
});

test('stop kills after the grace period, and the whole group with it', async () => {
  const runtime = await openRuntime();
  const id = await create(runtime, 'trap "" TERM; sleep 1000 & echo "child $!"; wait; sleep 1000');
  await runtime.startContainer(id);
  await line(runtime, id, 'child');
  const child = /child (\d+)/.exec(await output(runtime, id))?.[1];
  const stopped = runtime.stopContainer(id, 30_000);
  // A second, shorter grace period brings the end forward.
  const hurried = runtime.stopContainer(id, 5_000);
  await whileMoving(clock, hurried, 5_000);
  await stopped;
  expect(await runtime.containerStatus(id)).toMatchObject({ exitCode: 137, signal: 9 });
  await ended(Number(child));
});

test('two starts of one container run its command once', async () => {
  const first = await openRuntime();
  const id = await create(first, 'echo ran; exec sleep 1000');
  const second = await openRuntime();
  await Promise.all([first, second, first].map((runtime) => runtime.startContainer(id)));
  await line(first, id, 'ran');
  expect(await output(first, id)).toBe('ran\n');
  expect(await second.containerStatus(id)).toMatchObject({ state: 'running' });
});

test('the next agent adopts what runs and learns how the rest ended', async () => {
  const before = await openRuntime();
  const id = await create(before, 'echo up; exec sleep 1000');
  await before.startContainer(id);
  await line(before, id, 'up');
  const { id: sandbox, ip } = await before.runPodSandbox(pod);
  const other = await before.createContainer(sandbox, { ...shell('exit 5'), name: 'other' });
  const ended = exit(before);
  await before.startContainer(other);
  await ended;
  await before.close();

  const after = await openRuntime();
  expect(await after.listPodSandboxes()).toMatchObject([{ id: 'uid-1', ip, name: 'web' }]);
  expect(await after.containerStatus(id)).toMatchObject({ state: 'running', attempt: 0 });
  expect(await after.containerStatus(other)).toMatchObject({ state: 'exited', exitCode: 5 });
  // No child of this agent: its end is found by looking.
  await whileMoving(clock, after.stopContainer(id, 1e9), 1_000_000);
  expect(await after.containerStatus(id)).toMatchObject({ state: 'exited', exitCode: 143 });
});

test('a pid that is another process now is not taken for the container', async () => {
  const runtime = await openRuntime();
  const status = await runToEnd(runtime, 'exit 0');
  const dir = join(podsDir, 'uid-1', 'main', '0');
  const fields = readFileSync(join(dir, 'pid'), 'utf8').split(' ');
  const { writeFileSync } = await import('node:fs');
  writeFileSync(join(dir, 'pid'), [process.pid, '1', process.pid, '1', fields[4]].join(' '));
  const startedAt = new Date(0);
  utimesSync(join(dir, 'pid'), startedAt, startedAt);
  rmSync(join(dir, 'exit'));
  const missed = await runtime.containerStatus(status.id);
  expect(missed).toMatchObject({
    state: 'exited',
    startedAt: 0,
    exitCode: 137,
    reason: 'ContainerStatusUnknown',
  });
  // It ended when it was missed, and not anew at each look.
  expect(missed.finishedAt).toBeGreaterThan(0);
  const earlier = new Date(1000);
  utimesSync(join(dir, 'lost'), earlier, earlier);
  expect(await runtime.containerStatus(status.id)).toMatchObject({ finishedAt: 1000 });
});

test('pods get addresses in turn, and keep them', async () => {
  const runtime = await openRuntime();
  const run = async (uid: string) => (await runtime.runPodSandbox({ ...pod, uid })).ip;
  expect([await run('a'), await run('b'), await run('a')]).toEqual([
    '127.64.9.2',
    '127.64.9.3',
    '127.64.9.2',
  ]);
  await runtime.removePodSandbox('b');
  expect(await run('c')).toBe('127.64.9.4');
});

test('a large log is rotated under a running writer, and read as one', async () => {
  const runtime = await openRuntime();
  const script =
    'i=0; while [ $i -lt 300 ]; do echo "line $i"; i=$((i+1)); done; echo end; exec sleep 1000';
  const id = await create(runtime, script);
  await runtime.startContainer(id);
  await line(runtime, id, 'end');
  await clock.advance(1000);
  const dir = join(podsDir, 'uid-1', 'main', '0');
  expect(readFileSync(join(dir, 'log'), 'utf8')).toBe('');
  expect(await output(runtime, id)).toMatch(/^line 0\n[^]*line 299\nend\n$/);
  expect(await output(runtime, id, { tailLines: 2 })).toBe('line 299\nend\n');
});
