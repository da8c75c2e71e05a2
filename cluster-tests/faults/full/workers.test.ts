import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '#shared/clock';
import { eventually, type Lab, startLab } from '#shared/lab';
import { scenario } from '../scenario.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await startLab({ masters: 3, workers: 2, faults: true });
  await lab.quorateOk('apply', '-f', 'examples/hello.yaml');
  await lab.quorateOk('rollout', 'status', 'deployment/hello');
});
afterAll(() => lab.destroy());

interface Pod {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly deletionTimestamp?: string;
  };
  readonly spec: { readonly nodeName?: string };
  readonly status: {
    readonly containerStatuses?: readonly {
      readonly ready: boolean;
      readonly restartCount: number;
    }[];
  };
}

const pods = async (): Promise<Pod[]> => {
  const { items } = await lab.json<{ items: Pod[] }>('get', 'pods', '-l', 'app=hello');
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
};
const ready = ({ status }: Pod): boolean =>
  status.containerStatuses?.every((container) => container.ready) ?? false;

test('worker isolated and back: no pod twice, none lost', () =>
  scenario(lab, 'worker isolated', async (load) => {
    const before = await pods();
    await lab.partition(['worker-2']);
    load.remark('worker-2 isolated');
    await eventually(
      'its pods on the other one',
      async () => {
        const here = (await pods()).filter((pod) => ready(pod) && pod.spec.nodeName === 'worker-1');
        return here.length === before.length ? true : undefined;
      },
      120_000,
    );
    await lab.heal();
    load.remark('worker-2 back');
    await eventually('worker-2 ready', async () => {
      const { stdout } = await lab.quorateOk('get', 'nodes', '--no-headers');
      return /worker-2 +Ready/.test(stdout) ? true : undefined;
    });
    const after = await eventually('as many as before, and no more', async () => {
      const now = await pods();
      return now.length === before.length && now.every(ready) ? now : undefined;
    });
    expect(new Set(after.map(({ metadata }) => metadata.uid)).size).toBe(before.length);
    // What the isolated worker ran for pods that are gone is gone too.
    await eventually('no container of a pod that is gone', async () => {
      const { workers } = await lab.json<{ workers: { name: string; containers: number }[] }>(
        'status',
      );
      const running = workers.reduce((sum, { containers }) => sum + containers, 0);
      return running === before.length ? true : undefined;
    });
    return undefined;
  }));

test('scheduler deposed in the middle of its work: what it still writes is refused', () =>
  scenario(lab, 'scheduler deposed', async (load) => {
    const api = lab.api();
    const holder = async (): Promise<string> => {
      const leases = { group: 'coordination.k8s.io', version: 'v1', resource: 'leases' };
      const lease = await api.get<{
        apiVersion: string;
        kind: string;
        spec?: { holderIdentity?: string };
      }>(leases, 'kube-scheduler', 'kube-system');
      return (lease.spec?.holderIdentity ?? '').split('_')[0] ?? '';
    };
    const old = await eventually('a scheduler', async () => (await holder()) || undefined);
    const fence = await currentFence(api);
    await lab.pause(old, 25_000);
    load.remark(`${old}, whose scheduler leads, paused`);
    const ms = await load.recovery();
    await eventually(
      'another scheduler',
      async () => ((await holder()) === old ? undefined : true),
      60_000,
    );
    const configMaps = { group: '', version: 'v1', resource: 'configmaps' };
    const name = 'written-by-the-deposed';
    const object = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: 'default' },
    };
    await expect(
      api.create(configMaps, object, { namespace: 'default', fence }),
    ).rejects.toMatchObject({
      code: 'fenced',
    });
    await lab.quorateOk('scale', 'deployment', 'hello', '--replicas=5');
    await lab.quorateOk('rollout', 'status', 'deployment/hello');
    await systemClock.sleep(1000);
    await lab.heal();
    await api.close();
    return ms;
  }));

/** Whoever campaigns without waiting is told who leads. */
async function currentFence(api: ReturnType<Lab['api']>) {
  const election = 'kube-scheduler';
  const { leader } = await api.campaign({ election, identity: 'test', leaseSeconds: 2, waitMs: 0 });
  return { election, token: leader.token };
}
