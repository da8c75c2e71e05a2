import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { QuorateError } from '#shared/base';
import type { AgentConfig } from './config.ts';
import type { Agent } from './server.ts';
import { OneNode, podOf as pod } from './testing/one-node.ts';
import type { PodApi } from './testing/pod-api.ts';

let node: OneNode;
let api: PodApi;

beforeEach(() => {
  node = new OneNode();
  api = node.api;
});

afterEach(() => node.close());

const startAgent = (config?: Partial<AgentConfig>): Promise<Agent> => node.start(config);
const run = (config?: Partial<AgentConfig>): Promise<Agent> => node.run(config);
const status = (name: string) => api.pod(name)?.status;
const first = (name: string) => status(name)?.containerStatuses?.[0];
const isReady = (name: string) => (): boolean =>
  status(name)?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True';
const sleeper = { command: ['sleep', '1000'] };

test('a pod runs, is ready, and has an address', async () => {
  api.put(pod('web', sleeper));
  await run();
  await api.until(isReady('web'));
  expect(status('web')).toMatchObject({
    phase: 'Running',
    podIP: '127.70.1.2',
    hostIP: '127.0.0.1',
    qosClass: 'BestEffort',
    containerStatuses: [{ name: 'main', restartCount: 0, ready: true, started: true }],
  });
  expect(first('web')?.state?.running?.startedAt).toMatch(/^\d{4}-.*Z$/);
  await api.until(() => api.events.includes('Started: Started container main'));
});

test('a deleted pod ends gracefully, then its object goes', async () => {
  api.put(
    pod('web', { command: ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.01; done'] }),
  );
  await run();
  await api.until(isReady('web'));
  const web = api.pod('web');
  const deletionTimestamp = '2026-01-01T00:00:00Z';
  const metadata = { ...web?.metadata, deletionTimestamp, deletionGracePeriodSeconds: 5 };
  api.put({ ...web, metadata });
  await api.until(() => api.pod('web') === undefined);
  expect(api.events).toContain('Killing: Stopping container main');
});

test('a pod that succeeds is not restarted, one that fails says with which code', async () => {
  api.put(pod('ok', { command: ['true'] }, { restartPolicy: 'OnFailure' }));
  api.put(pod('bad', { command: ['sh', '-c', 'exit 3'] }, { restartPolicy: 'Never' }));
  await run();
  await api.until(() => status('ok')?.phase === 'Succeeded' && status('bad')?.phase === 'Failed');
  expect(first('bad')?.state?.terminated).toMatchObject({ exitCode: 3, reason: 'Error' });
  expect(first('ok')).toMatchObject({ restartCount: 0, ready: false });
});

test('a crashing container is restarted with growing pauses', async () => {
  api.put(pod('web', { command: ['false'] }));
  await run();
  await api.until(() => first('web')?.state?.waiting?.reason === 'CrashLoopBackOff');
  await api.until(() => (first('web')?.restartCount ?? 0) >= 3);
  expect(first('web')?.lastState?.terminated).toMatchObject({ exitCode: 1, reason: 'Error' });
  expect(status('web')?.phase).toBe('Running');
  await api.until(() => api.events.some((text) => text.startsWith('BackOff: Back-off restarting')));
});

test('init containers run one after the other, before the rest', async () => {
  const init = (name: string) => ({ name, image: 'none', command: ['sh', '-c', `echo ${name}`] });
  const initContainers = [init('one'), init('two')];
  api.put(pod('web', sleeper, { initContainers }));
  await run();
  await api.until(isReady('web'));
  const [one, two] = status('web')?.initContainerStatuses ?? [];
  const ended = one?.state?.terminated?.finishedAt ?? '';
  expect(ended <= (two?.state?.terminated?.startedAt ?? '')).toBe(true);
  expect(two?.state?.terminated?.finishedAt).toBeDefined();
});

test('an image without a command waits, and says what to do', async () => {
  api.put(pod('web', { image: 'nginx' }));
  await run();
  await api.until(() => first('web')?.state?.waiting?.reason === 'CreateContainerError');
  expect(first('web')?.state?.waiting?.message).toContain("set 'command'");
  expect(status('web')?.phase).toBe('Pending');
  await api.until(() => api.events.some((text) => text.includes('does not pull image "nginx"')));
});

test('a missing ConfigMap is waited for', async () => {
  const envFrom = [{ configMapRef: { name: 'settings' } }];
  api.put(pod('web', { ...sleeper, envFrom }));
  await run();
  await api.until(() => first('web')?.state?.waiting?.reason === 'CreateContainerConfigError');
  expect(first('web')?.state?.waiting?.message).toBe('configmap "settings" not found');
});

test('a failing liveness probe restarts the container', async () => {
  const livenessProbe = { exec: { command: ['false'] }, failureThreshold: 1, periodSeconds: 1 };
  api.put(pod('web', { ...sleeper, livenessProbe }));
  await run();
  await api.until(() => (first('web')?.restartCount ?? 0) >= 1);
  expect(api.events).toContain('Killing: Container main failed liveness probe, will be restarted');
});

test('the next agent adopts running pods, and stops those that were deleted meanwhile', async () => {
  api.put(pod('stays', sleeper));
  api.put(pod('goes', sleeper));
  const agent = await startAgent();
  await api.until(() => isReady('stays')() && isReady('goes')());
  const before = first('stays');
  await agent.stop();
  expect(isReady('stays')()).toBe(true);
  api.remove('pods/default/goes');
  api.events.length = 0;
  await run();
  await api.until(() => api.events.includes('Killing: Stopping container main'));
  expect(first('stays')).toEqual(before);
  expect(api.events.filter((text) => text.startsWith('Started'))).toEqual([]);
  // Where the Node object has gone meanwhile, pods that run keep their addresses to themselves.
  expect(api.registered).toMatchObject([{ spec: {} }, { spec: { podCIDR: '127.70.1.0/24' } }]);
});

test('without an API server pods go on, crashed containers too', async () => {
  const script = `echo x >>${node.dataDir}/starts; sleep 0.05; exit 1`;
  api.put(pod('web', { command: ['sh', '-c', script] }));
  const agent = await startAgent({ restartBackoffMaxMs: 10 });
  await api.until(() => (first('web')?.restartCount ?? 0) >= 1);
  api.down = true;
  await agent.stop();
  // Not even for the next agent.
  await run({ restartBackoffMaxMs: 10 });
  api.down = false;
  const count = first('web')?.restartCount ?? 0;
  await api.until(() => (first('web')?.restartCount ?? 0) > count + 1);
  expect(status('web')?.phase).toBe('Running');
});

/** How often a container with this `script` was started. */
const starts = (name: string): number => {
  const path = join(node.dataDir, name);
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').length - 1 : 0;
};
const script = (name: string, rest: string) => ({
  command: ['sh', '-c', `echo x >>${join(node.dataDir, name)}; ${rest}`],
});

test('what an agent was stopping is not started again by the next one, which hears nobody', async () => {
  const slowToEnd = 'trap "sleep 0.1; exit 0" TERM; while :; do sleep 0.01; done';
  api.put(pod('leaves', script('leaves', slowToEnd)));
  api.put(pod('crashes', script('crashes', 'sleep 0.02; exit 1')));
  const agent = await startAgent({ restartBackoffMaxMs: 10 });
  await api.until(() => (first('crashes')?.restartCount ?? 0) >= 1);
  await expect.poll(() => starts('leaves')).toBe(1);
  // By force: the object goes first.
  api.remove('pods/default/leaves');
  await api.until(() => api.events.includes('Killing: Stopping container main'));
  api.down = true;
  await agent.stop();
  await run({ restartBackoffMaxMs: 10 });
  const before = starts('crashes');
  await expect.poll(() => starts('crashes')).toBeGreaterThan(before + 3);
  expect(starts('leaves')).toBe(1);
  api.down = false;
});

/** An agent whose pods have crashed twice, and wait long for their third attempt. */
async function crashed(...names: string[]): Promise<Agent> {
  for (const name of names) api.put(pod(name, script(name, 'exit 1')));
  const agent = await startAgent({ restartBackoffMs: 60_000 });
  const waits = (name: string) => first(name)?.state?.waiting?.reason === 'CrashLoopBackOff';
  await api.until(() => names.every((name) => first(name)?.restartCount === 1 && waits(name)));
  return agent;
}

function markDeleted(name: string): void {
  const metadata = { ...api.pod(name)?.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' };
  api.put({ ...api.pod(name), metadata });
}

test('nor is what had ended before it was deleted, nor what others ended', async () => {
  const agent = await crashed('goes', 'evicted', 'stays');
  // The agent dies between the last status and the deletion.
  vi.spyOn(api.client, 'delete').mockRejectedValue(new QuorateError('unavailable', 'cut off'));
  markDeleted('goes');
  api.put({ ...api.pod('evicted'), status: { ...status('evicted'), phase: 'Failed' } });
  const isSaid = (): boolean =>
    status('evicted')?.conditions?.some(({ reason }) => reason === 'PodFailed') ?? false;
  await api.until(() => status('goes')?.phase === 'Failed' && isSaid());
  api.down = true;
  await agent.stop();
  await run({ restartBackoffMaxMs: 10 });
  await expect.poll(() => starts('stays')).toBeGreaterThan(4);
  expect([starts('goes'), starts('evicted')]).toEqual([2, 2]);
  api.down = false;
});

test('an agent asks what has become of its pods before it starts any of them', async () => {
  const agent = await crashed('goes', 'evicted', 'stays');
  await agent.stop();
  markDeleted('goes');
  api.put({ ...api.pod('evicted'), status: { ...status('evicted'), phase: 'Failed' } });
  // The first answer is late.
  const list = vi.spyOn(api.client, 'list');
  list.mockRejectedValueOnce(new QuorateError('unavailable', 'no API server'));
  list.mockRejectedValueOnce(new QuorateError('unavailable', 'no API server'));
  await run({ restartBackoffMaxMs: 10 });
  await api.until(() => api.pod('goes') === undefined && (first('stays')?.restartCount ?? 0) > 3);
  expect([starts('goes'), starts('evicted')]).toEqual([2, 2]);
  expect(status('evicted')?.phase).toBe('Failed');
});
