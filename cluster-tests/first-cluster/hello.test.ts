import { afterAll, beforeAll, expect, test } from 'vitest';
import { get } from '../lab/http.ts';
import { eventually, type Lab, startLab } from '#shared/lab';

/** The README's tour, command by command, by somebody who has only the command line. */
let lab: Lab;

interface Named {
  metadata: { name: string; uid: string };
}
interface PodList {
  items: (Named & { spec: { nodeName?: string }; status: { phase?: string; podIP?: string } })[];
}

const readyPods = async (count: number): Promise<PodList['items']> =>
  eventually(`${count} running pods`, async () => {
    const { items } = await lab.json<PodList>('get', 'pods', '-l', 'app=hello');
    const { stdout } = await lab.quorateOk('get', 'pods', '-l', 'app=hello', '--no-headers');
    const ready = stdout.split('\n').filter((line) => / 1\/1 +Running /.test(line));
    return items.length === count && ready.length === count ? items : undefined;
  });

const serviceUrl = async (): Promise<string> => {
  const service = await lab.json<{ spec: { clusterIP: string; ports: { port: number }[] } }>(
    'get',
    'service',
    'hello',
  );
  return `http://${service.spec.clusterIP}:${service.spec.ports[0]?.port}/`;
};

const answering = async (url: string, requests: number): Promise<string[]> => {
  const answers: string[] = [];
  for (let i = 0; i < requests; i++) answers.push((await get(url)).trim());
  return answers;
};

beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.destroy());

test('status shows members, one leader, nodes', async () => {
  const { stdout } = await lab.quorateOk('status');
  for (const name of ['master-1', 'master-2', 'master-3', 'worker-1', 'worker-2']) {
    expect(stdout).toContain(name);
  }
  expect(stdout.match(/\bleader\b/g)?.length).toBeGreaterThanOrEqual(1);
  const nodes = await lab.quorateOk('get', 'nodes', '--no-headers');
  expect(
    nodes.stdout
      .trim()
      .split('\n')
      .filter((line) => / Ready /.test(line)),
  ).toHaveLength(2);
});

test('a second up says that the cluster runs, and changes nothing', async () => {
  const before = await lab.quorateOk('get', 'nodes', '-o', 'name');
  const again = await lab.quorate('up');
  expect(again.code).toBe(0);
  expect(`${again.stdout}${again.stderr}`).toMatch(/already running/i);
  expect((await lab.quorateOk('get', 'nodes', '-o', 'name')).stdout).toBe(before.stdout);
});

test('apply starts three pods, spread over both workers, with addresses of their own', async () => {
  const { stdout } = await lab.quorateOk('apply', '-f', 'examples/hello.yaml');
  expect(stdout).toContain('deployment.apps/hello created');
  expect(stdout).toContain('service/hello created');
  const pods = await readyPods(3);
  expect(new Set(pods.map((pod) => pod.spec.nodeName))).toEqual(new Set(['worker-1', 'worker-2']));
  expect(new Set(pods.map((pod) => pod.status.podIP)).size).toBe(3);
  await lab.quorateOk('rollout', 'status', 'deployment/hello');
});

test('apply again changes nothing', async () => {
  const { stdout } = await lab.quorateOk('apply', '-f', 'examples/hello.yaml');
  expect(stdout).toContain('deployment.apps/hello unchanged');
});

test('the service is answered in turn by the three pods', async () => {
  const url = await serviceUrl();
  // The proxy hears of one after the other.
  await eventually('all three to answer', async () =>
    new Set(await answering(url, 3)).size === 3 ? true : undefined,
  );
  const answers = await answering(url, 6);
  expect(new Set(answers).size).toBe(3);
  expect(answers.slice(0, 3)).toEqual(answers.slice(3));
});

test('logs -f shows what a pod prints, as it prints it', async () => {
  const [pod] = await readyPods(3);
  const logs = lab.follow('logs', pod?.metadata.name ?? '', '-f');
  try {
    const url = await serviceUrl();
    await eventually('log lines', async () => {
      await answering(url, 3);
      return logs.text().split('\n').length > 3 ? true : undefined;
    });
  } finally {
    logs.child.kill();
  }
});

test('scale adds pods and takes them away', async () => {
  await lab.quorateOk('scale', 'deployment', 'hello', '--replicas=5');
  await readyPods(5);
  await lab.quorateOk('scale', 'deployment', 'hello', '--replicas=3');
  await readyPods(3);
});

test('a rolling update never leaves the service without an answer', async () => {
  const url = await serviceUrl();
  let failures = 0;
  const stopping = new AbortController();
  const client = (async () => {
    while (!stopping.signal.aborted) await get(url).catch(() => failures++);
  })();
  const before = new Set((await readyPods(3)).map((pod) => pod.metadata.name));
  await lab.quorateOk(
    'patch',
    'deployment',
    'hello',
    '-p',
    '{"spec":{"template":{"metadata":{"annotations":{"try":"2"}}}}}',
  );
  await lab.quorateOk('rollout', 'status', 'deployment/hello');
  const after = await readyPods(3);
  stopping.abort();
  await client;
  expect(after.some((pod) => before.has(pod.metadata.name))).toBe(false);
  expect(failures).toBe(0);
});

test('down and up: every object is still there, and the service answers again', async () => {
  const before = await lab.json<{ items: Named[] }>('get', 'deployments,services', '-A');
  await lab.quorateOk('down');
  expect((await lab.quorate('get', 'pods')).code).toBe(1);
  await lab.up();
  const after = await lab.json<{ items: Named[] }>('get', 'deployments,services', '-A');
  const uids = (list: { items: Named[] }): string[] => list.items.map((item) => item.metadata.uid);
  expect(uids(after)).toEqual(uids(before));
  await readyPods(3);
  const url = await serviceUrl();
  await eventually('an answer', () => get(url));
});

test('delete takes the pods with it', async () => {
  const { stdout } = await lab.quorateOk('delete', '-f', 'examples/hello.yaml');
  expect(stdout).toContain('deployment.apps "hello" deleted');
  await eventually('no pods', async () => {
    const { items } = await lab.json<PodList>('get', 'pods', '-A');
    return items.length === 0 ? true : undefined;
  });
});
