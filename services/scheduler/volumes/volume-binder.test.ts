import { expect, it } from 'vitest';
import {
  type Event,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  refs,
  type StorageClass,
} from '#shared/api';
import { createRng } from '#shared/base';
import { ManualClock } from '#shared/clock';
import { MemoryApi } from '../../../shared/client/testing/memory-api.ts';
import { pass } from '../../../shared/client/testing/pass.ts';
import { silentLog } from '../../../shared/client/testing/silent-log.ts';
import { createScheduler } from '../server.ts';

const hostname = 'kubernetes.io/hostname';

function setUp() {
  const clock = new ManualClock();
  const api = new MemoryApi(clock);
  for (const name of ['worker-1', 'worker-2']) {
    api.seed<Node>(refs.nodes, {
      metadata: { name, labels: { [hostname]: name } },
      status: { allocatable: { cpu: '4', memory: '1Gi' } },
    });
  }
  const storageClass = (name: string, provisioner: string, volumeBindingMode: string): void => {
    const metadata = { name };
    api.seed<StorageClass>(refs.storageClasses, { metadata, provisioner, volumeBindingMode });
  };
  storageClass('made', 'a/b', 'WaitForFirstConsumer');
  storageClass('manual', 'kubernetes.io/no-provisioner', 'WaitForFirstConsumer');
  storageClass('at-once', 'a/b', 'Immediate');
  const options = { api, clock, log: silentLog, identity: 'one', rng: createRng(1) };
  return { clock, api, scheduler: createScheduler(options) };
}

function claimOf(api: MemoryApi, name: string, storageClassName: string): void {
  api.seed<PersistentVolumeClaim>(refs.persistentVolumeClaims, {
    metadata: { name, namespace: 'default' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName,
      resources: { requests: { storage: '1Gi' } },
    },
    status: { phase: 'Pending' },
  });
}

function volumeOn(api: MemoryApi, name: string, node: string, storageClassName: string): void {
  api.seed<PersistentVolume>(refs.persistentVolumes, {
    metadata: { name },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '1Gi' },
      storageClassName,
      local: { path: '/x' },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: hostname, operator: 'In', values: [node] }] },
          ],
        },
      },
    },
    status: { phase: 'Available' },
  });
}

function podWith(api: MemoryApi, name: string, claimName = name): void {
  api.seed<Pod>(refs.pods, {
    metadata: { name, namespace: 'default' },
    spec: {
      containers: [{ name: 'a' }],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }],
    },
  });
}

const nodeOf = (api: MemoryApi, name: string): string | undefined =>
  api.all<Pod>(refs.pods).find(({ metadata }) => metadata?.name === name)?.spec?.nodeName;
const claim = (api: MemoryApi, name: string): PersistentVolumeClaim | undefined =>
  api
    .all<PersistentVolumeClaim>(refs.persistentVolumeClaims)
    .find(({ metadata }) => metadata?.name === name);
const selected = 'volume.kubernetes.io/selected-node';

/** What the binder writes at the end. */
function completed(api: MemoryApi, name: string, volumeName: string): void {
  const there = claim(api, name);
  const annotations = { ...there?.metadata?.annotations, 'pv.kubernetes.io/bind-completed': 'yes' };
  const spec = { ...there?.spec, volumeName };
  api.seed(refs.persistentVolumeClaims, {
    ...there,
    metadata: { ...there?.metadata, annotations },
    spec,
  });
}

it('says which node a volume is to be made on, and binds the pod when that is done', async () => {
  const { clock, api, scheduler } = setUp();
  claimOf(api, 'db', 'made');
  podWith(api, 'db');
  await scheduler.start();
  await pass(clock, 500);
  const node = claim(api, 'db')?.metadata?.annotations?.[selected];
  expect(node).toMatch(/^worker-/);
  expect(nodeOf(api, 'db')).toBeUndefined();
  volumeOn(api, 'pvc-1', node ?? '', 'made');
  completed(api, 'db', 'pvc-1');
  await pass(clock, 2_000);
  expect(nodeOf(api, 'db')).toBe(node);
  await scheduler.stop();
});

it('chooses again where whoever makes volumes says that the node is gone', async () => {
  const { clock, api, scheduler } = setUp();
  claimOf(api, 'db', 'made');
  podWith(api, 'db');
  await scheduler.start();
  await pass(clock, 500);
  const first = claim(api, 'db')?.metadata?.annotations?.[selected] ?? '';
  await api.delete(refs.nodes, first);
  const annotations = { [selected]: null };
  const patch = { metadata: { annotations } };
  await api.patch(refs.persistentVolumeClaims, 'db', 'merge', patch, { namespace: 'default' });
  await pass(clock, 10_000);
  const other = claim(api, 'db')?.metadata?.annotations?.[selected];
  expect(other).toBe(first === 'worker-1' ? 'worker-2' : 'worker-1');
  await scheduler.stop();
});

it('sends two pods that use one claim to where its volume is made', async () => {
  const { clock, api, scheduler } = setUp();
  claimOf(api, 'db', 'made');
  podWith(api, 'a', 'db');
  podWith(api, 'b', 'db');
  await scheduler.start();
  await pass(clock, 3_000);
  const node = claim(api, 'db')?.metadata?.annotations?.[selected] ?? '';
  volumeOn(api, 'pvc-1', node, 'made');
  completed(api, 'db', 'pvc-1');
  await pass(clock, 20_000);
  expect([nodeOf(api, 'a'), nodeOf(api, 'b')]).toEqual([node, node]);
  await scheduler.stop();
});

it('gives each of two pods one of the volumes that people made, on its node', async () => {
  const { clock, api, scheduler } = setUp();
  volumeOn(api, 'v1', 'worker-1', 'manual');
  volumeOn(api, 'v2', 'worker-2', 'manual');
  for (const name of ['a', 'b', 'c']) {
    claimOf(api, name, 'manual');
    podWith(api, name);
  }
  await scheduler.start();
  await pass(clock, 500);
  const given = api
    .all<PersistentVolume>(refs.persistentVolumes)
    .map(({ spec }) => spec?.claimRef?.name);
  expect(new Set(given).size).toBe(2);
  expect(given).not.toContain(undefined);
  const [waits = ''] = ['a', 'b', 'c'].filter((name) => !given.includes(name));
  const why = api.all<Event>(refs.events).find((event) => event.involvedObject.name === waits);
  expect(why?.message).toContain("2 node(s) didn't find available persistent volumes to bind");
  await scheduler.stop();
});

it('sends a pod to where its volume is, and says what is wrong with a claim', async () => {
  const { clock, api, scheduler } = setUp();
  volumeOn(api, 'v2', 'worker-2', 'manual');
  claimOf(api, 'db', 'manual');
  completed(api, 'db', 'v2');
  const [volume] = api.all<PersistentVolume>(refs.persistentVolumes);
  const claimRef = { name: 'db', namespace: 'default', uid: claim(api, 'db')?.metadata?.uid };
  api.seed(refs.persistentVolumes, {
    ...volume,
    spec: { ...volume?.spec, claimRef },
  } as PersistentVolume);
  podWith(api, 'db');
  podWith(api, 'orphan', 'absent');
  claimOf(api, 'slow', 'at-once');
  podWith(api, 'slow');
  await scheduler.start();
  await pass(clock, 500);
  expect(nodeOf(api, 'db')).toBe('worker-2');
  const messages = api.all<Event>(refs.events).map(({ message }) => message);
  const unhelpful =
    'preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.';
  for (const reason of [
    'persistentvolumeclaim "absent" not found',
    'pod has unbound immediate PersistentVolumeClaims',
  ]) {
    expect(messages).toContain(`0/2 nodes are available: ${reason}. ${unhelpful}`);
  }
  await scheduler.stop();
});
