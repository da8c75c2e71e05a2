import { afterAll, beforeAll, expect, test } from 'vitest';
import { get } from '../lab/http.ts';
import { eventually, type Lab, startLab } from '#shared/lab';

/** Workers killed, with their pods and without. */
let lab: Lab;

interface Pod {
  metadata: { name: string; uid: string; deletionTimestamp?: string };
  spec: { nodeName?: string };
  status: {
    podIP?: string;
    containerStatuses?: { restartCount: number; containerID?: string; ready: boolean }[];
  };
}

const pods = async (): Promise<Pod[]> =>
  (await lab.json<{ items: Pod[] }>('get', 'pods', '-l', 'app=hello')).items;
const ready = (pod: Pod): boolean =>
  pod.metadata.deletionTimestamp === undefined &&
  (pod.status.containerStatuses?.every((status) => status.ready) ?? false);

beforeAll(async () => {
  lab = await startLab();
  await lab.quorateOk('apply', '-f', 'examples/hello.yaml');
  await lab.quorateOk('rollout', 'status', 'deployment/hello');
});
afterAll(() => lab.destroy());

test('an agent that dies and comes back adopts its pods and starts none twice', async () => {
  const before = await pods();
  await lab.quorateOk('kill', 'worker-1', '--agent-only');
  for (const pod of before) expect(await get(`http://${pod.status.podIP}:8080/`)).toMatch(/hello/);
  await lab.quorateOk('start', 'worker-1');
  const after = await eventually('all pods ready', async () => {
    const now = await pods();
    return now.length === 3 && now.every(ready) ? now : undefined;
  });
  const identity = (all: Pod[]): string[] =>
    all.map(
      ({ metadata, status }) =>
        `${metadata.uid} ${status.containerStatuses?.[0]?.containerID} ` +
        `${status.containerStatuses?.[0]?.restartCount}`,
    );
  expect(identity(after).toSorted()).toEqual(identity(before).toSorted());
});

test('a worker dies: its pods come back on the other one, and the service answers', async () => {
  await lab.quorateOk('kill', 'worker-2');
  const moved = await eventually('three ready pods on worker-1', async () => {
    const here = (await pods()).filter((pod) => ready(pod) && pod.spec.nodeName === 'worker-1');
    return here.length === 3 ? here : undefined;
  });
  expect(moved).toHaveLength(3);
  const { stdout } = await lab.quorateOk('get', 'nodes', '--no-headers');
  expect(stdout).toMatch(/worker-2 +NotReady/);
  const service = await lab.json<{ spec: { clusterIP: string; ports: { port: number }[] } }>(
    'get',
    'service',
    'hello',
  );
  const url = `http://${service.spec.clusterIP}:${service.spec.ports[0]?.port}/`;
  await eventually('an answer', () => get(url));
  for (let i = 0; i < 6; i++) expect(await get(url)).toMatch(/hello/);
});

test('the worker comes back: Ready, and given pods again', async () => {
  await lab.quorateOk('start', 'worker-2');
  const { stdout } = await lab.quorateOk('get', 'nodes', '--no-headers');
  expect(stdout).toMatch(/worker-2 +Ready/);
  // The controller takes its taints away when it looks next; nothing is scheduled there until then.
  await eventually('no taints', async () => {
    const { spec } = await lab.json<{ spec: { taints?: unknown[] } }>('get', 'node', 'worker-2');
    return (spec.taints ?? []).length === 0 || undefined;
  });
  await lab.quorateOk('scale', 'deployment', 'hello', '--replicas=6');
  await lab.quorateOk('rollout', 'status', 'deployment/hello');
  const all = await eventually('six ready pods, none left over', async () => {
    const now = await pods();
    return now.length === 6 && now.every(ready) ? now : undefined;
  });
  expect(new Set(all.map((pod) => pod.spec.nodeName))).toEqual(new Set(['worker-1', 'worker-2']));
});
