import { afterAll, beforeAll, expect, test } from 'vitest';
import { get } from '../lab/http.ts';
import { eventually, type Lab, lostWrites, startLab, type WriteRecord, Writer } from '#shared/lab';

/** Masters killed under a writing client. Gaps are printed, not asserted: `make bench` is for speed. */
let lab: Lab;
const masters = ['master-1', 'master-2', 'master-3'];

/** The writer's own client is closed with it: another one looks. */
const lost = async (prefix: string, record: WriteRecord): Promise<string[]> => {
  const kv = lab.kv();
  try {
    return await lostWrites(kv, prefix, record);
  } finally {
    await kv.close();
  }
};

beforeAll(async () => {
  lab = await startLab();
});
afterAll(() => lab.destroy());

test('the leader killed five times: no acknowledged write lost, writes go on', async () => {
  const gaps: number[] = [];
  for (let round = 0; round < 5; round++) {
    const victim = await lab.leader();
    const prefix = `/kill-leader/${round}/`;
    const writer = new Writer(lab.kv(), prefix);
    await eventually('writes', () => (writer.record.acknowledged.size > 100 ? true : undefined));
    writer.resetGap();
    const before = writer.record.acknowledged.size;
    await lab.kill(victim);
    await eventually('writes after the kill', () =>
      writer.record.acknowledged.size > before + 200 ? true : undefined,
    );
    const record = await writer.stop();
    gaps.push(Math.round(record.longestGapMs));
    expect(await lost(prefix, record)).toEqual([]);
    await lab.start(victim);
  }
  gaps.sort((a, b) => a - b);
  process.stdout.write(`leader killed: write gaps ${gaps.join(', ')} ms, median ${gaps[2]} ms\n`);
});

test('all masters killed at once, five times: every acknowledged write is there', async () => {
  let acknowledged = 0;
  for (let round = 0; round < 5; round++) {
    const prefix = `/kill-all/${round}/`;
    const writer = new Writer(lab.kv(), prefix);
    await eventually('writes', () => (writer.record.acknowledged.size > 50 ? true : undefined));
    await lab.kill(...masters);
    await lab.start(...masters);
    await eventually('writes again', async () => {
      const probe = new Writer(lab.kv(), `/probe/${round}/`);
      await eventually('one write', () => (probe.record.acknowledged.size > 0 ? true : undefined));
      await probe.stop();
      return true;
    });
    const record = await writer.stop();
    acknowledged += record.acknowledged.size;
    expect(await lost(prefix, record)).toEqual([]);
  }
  process.stdout.write(`all masters killed: ${acknowledged} acknowledged writes, none lost\n`);
});

test('pods keep answering while no master is left, and are known again afterwards', async () => {
  await lab.quorateOk('apply', '-f', 'examples/hello.yaml');
  await lab.quorateOk('rollout', 'status', 'deployment/hello');
  const service = await lab.json<{ spec: { clusterIP: string; ports: { port: number }[] } }>(
    'get',
    'service',
    'hello',
  );
  const url = `http://${service.spec.clusterIP}:${service.spec.ports[0]?.port}/`;
  await eventually('an answer', () => get(url));
  interface Pods {
    items: {
      metadata: { uid: string };
      status: { containerStatuses: { restartCount: number }[] };
    }[];
  }
  const before = await lab.json<Pods>('get', 'pods');
  await lab.kill(...masters);
  for (let i = 0; i < 10; i++) expect(await get(url)).toMatch(/hello/);
  await lab.start(...masters);
  const after = await eventually('the API', async () => {
    const pods = await lab.json<Pods>('get', 'pods');
    const nodes = await lab.quorateOk('get', 'nodes', '--no-headers');
    return nodes.stdout.includes('NotReady') ? undefined : pods;
  });
  const identity = (pods: Pods): string[] =>
    pods.items.map(
      ({ metadata, status }) => `${metadata.uid} ${status.containerStatuses[0]?.restartCount}`,
    );
  expect(identity(after)).toEqual(identity(before));
});

test('the scheduler and the controllers are taken over', async () => {
  await lab.kill(await lab.leader());
  await lab.quorateOk('scale', 'deployment', 'hello', '--replicas=5');
  await lab.quorateOk('rollout', 'status', 'deployment/hello');
  const { stdout } = await lab.quorateOk('get', 'deployment', 'hello', '--no-headers');
  expect(stdout).toMatch(/ 5\/5 /);
});
