import { expect, test } from 'vitest';
import type { Pod } from '#shared/api';
import type { ContainerStatus } from '../runtime/runtime.ts';
import { planPod } from './plan.ts';
import { RestartBackoff } from './restart-backoff.ts';

const container = (name: string, more = {}) => ({ name, image: 'none', ...more });
const pod = (spec: object): Pod => ({
  metadata: { name: 'web', namespace: 'default', uid: 'u' },
  spec: { containers: [container('main')], ...spec },
});
const attempt = (name: string, state: ContainerStatus['state'], more = {}): ContainerStatus => ({
  id: `u.${name}.0`,
  podSandboxId: 'u',
  name,
  attempt: 0,
  image: 'none',
  state,
  createdAt: 0,
  finishedAt: 1000,
  ...more,
});

function plan(spec: object, statuses: ContainerStatus[], more = {}) {
  const input = {
    pod: pod(spec),
    current: new Map(statuses.map((status) => [status.name, status])),
    backoff: { remainingMs: () => 0, delayMs: () => 0 },
    isStarted: () => true,
    failing: () => undefined,
    now: 2000,
    ...more,
  };
  const { starts, ...rest } = planPod(input);
  return { ...rest, starts: starts.map((one) => `${one.container.name}.${one.attempt}`) };
}

test('init containers come one at a time, then all the others', () => {
  const spec = {
    initContainers: [container('a'), container('b')],
    containers: [container('x'), container('y')],
  };
  const done = (name: string) => attempt(name, 'exited', { exitCode: 0 });
  expect(plan(spec, []).starts).toEqual(['a.0']);
  expect(plan(spec, [attempt('a', 'running')]).starts).toEqual([]);
  expect(plan(spec, [done('a')]).starts).toEqual(['b.0']);
  expect(plan(spec, [done('a'), done('b')]).starts).toEqual(['x.0', 'y.0']);
});

test('a failed init container is repeated, or ends a pod that never restarts', () => {
  const initContainers = [container('a')];
  const failed = attempt('a', 'exited', { exitCode: 1 });
  expect(plan({ initContainers }, [failed])).toMatchObject({ starts: ['a.1'], over: false });
  const never = { initContainers, restartPolicy: 'Never' };
  expect(plan(never, [failed])).toMatchObject({ starts: [], over: true });
});

test('a sidecar has to be started, not ended, and keeps being restarted', () => {
  const spec = { initContainers: [container('s', { restartPolicy: 'Always' })] };
  expect(plan(spec, []).starts).toEqual(['s.0']);
  const running = attempt('s', 'running');
  expect(plan(spec, [running], { isStarted: () => false }).starts).toEqual([]);
  expect(plan(spec, [running]).starts).toEqual(['main.0']);
  const ended = attempt('s', 'exited', { exitCode: 0 });
  expect(plan(spec, [ended, attempt('main', 'running')]).starts).toEqual(['s.1']);
});

test('the restart policy decides who is started again', () => {
  const exited = (exitCode: number) => [attempt('main', 'exited', { exitCode })];
  const after = (restartPolicy: string, exitCode: number) => {
    const { starts, over } = plan({ restartPolicy }, exited(exitCode));
    return over ? 'over' : starts.join();
  };
  expect(['Always', 'OnFailure', 'Never'].map((policy) => after(policy, 0))).toEqual([
    'main.1',
    'over',
    'over',
  ]);
  expect(['Always', 'OnFailure', 'Never'].map((policy) => after(policy, 1))).toEqual([
    'main.1',
    'main.1',
    'over',
  ]);
});

test('a back-off is waited out, and says so in kubelet’s words', () => {
  const backoff = { remainingMs: () => 7_000, delayMs: () => 80_000 };
  const found = plan({}, [attempt('main', 'exited', { exitCode: 1 })], { backoff });
  expect(found).toMatchObject({ starts: [], wakeMs: 7_000, over: false });
  expect(found.backingOff.get('main')).toEqual({
    reason: 'CrashLoopBackOff',
    message: 'back-off 1m20s restarting failed container=main pod=web_default(u)',
  });
});

test('a container that was created and not started is started, under its own attempt', () => {
  expect(plan({}, [attempt('main', 'created', { attempt: 4 })]).starts).toEqual(['main.4']);
});

test('restarts wait twice as long each time, and start over after a long run', () => {
  const backoff = new RestartBackoff({ initialMs: 10_000, maxMs: 30_000, resetMs: 600_000 });
  const pauses = [];
  let now = 0;
  for (let restart = 0; restart < 5; restart++) {
    const pause = backoff.remainingMs('main', now, now);
    pauses.push(pause);
    backoff.restarted('main', now, now + pause);
    // It crashes at once.
    now += pause;
  }
  expect(pauses).toEqual([0, 10_000, 20_000, 30_000, 30_000]);
  expect(backoff.remainingMs('main', now + 600_001, now + 600_001)).toBe(0);
  expect(backoff.remainingMs('main', now + 600_000, now + 600_000)).toBe(30_000);
});
