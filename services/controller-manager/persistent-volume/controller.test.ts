import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  type Event,
  type KubeObject,
  localStorageAnnotation,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  refs,
  type StorageClass,
} from '#shared/api';
import { readyNode, World } from '../testing/world.ts';

let world: World;
beforeEach(async () => {
  world = new World();
  await world.start('worker-1');
  const node = readyNode('worker-1', world.clock);
  world.api.seed<Node>(refs.nodes, {
    ...node,
    metadata: {
      name: 'worker-1',
      labels: { 'kubernetes.io/hostname': 'worker-1' },
      annotations: { [localStorageAnnotation]: '/data/local-storage' },
    },
  });
  await world.pass(500);
});
afterEach(() => world.stop());

const place = { namespace: 'default' };
const claims = () => world.api.all<PersistentVolumeClaim>(refs.persistentVolumeClaims);
const claim = (name: string) => claims().find(({ metadata }) => metadata?.name === name);
const volumes = () => world.api.all<PersistentVolume>(refs.persistentVolumes);
const volume = (name: string) => volumes().find(({ metadata }) => metadata?.name === name);
const events = () => world.api.all<Event>(refs.events).map(({ reason }) => reason);

async function ask(name: string, spec: object = {}): Promise<void> {
  const object: PersistentVolumeClaim = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace: 'default', finalizers: ['kubernetes.io/pvc-protection'] },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: '',
      resources: { requests: { storage: '1Gi' } },
      ...spec,
    },
  };
  await world.api.create(refs.persistentVolumeClaims, object);
  await world.pass(500);
}

async function offer(name: string, storage: string, spec: object = {}): Promise<void> {
  const object: PersistentVolume = {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, labels: { name }, finalizers: ['kubernetes.io/pv-protection'] },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage },
      hostPath: { path: '/x' },
      persistentVolumeReclaimPolicy: 'Retain',
      ...spec,
    },
  };
  await world.api.create(refs.persistentVolumes, object);
  await world.pass(500);
}

async function remove(ref: typeof refs.persistentVolumeClaims, name: string): Promise<void> {
  await world.api.delete(ref, name, ref === refs.persistentVolumes ? {} : place);
  await world.pass(500);
}

const select = (name: string): Promise<KubeObject> =>
  world.api.patch(
    refs.persistentVolumeClaims,
    name,
    'merge',
    { metadata: { annotations: { 'volume.kubernetes.io/selected-node': 'worker-1' } } },
    place,
  );

it('binds a claim to the smallest volume that will do, and to no other', async () => {
  await offer('large', '9Gi');
  await offer('small', '500Mi');
  await offer('right', '2Gi');
  await offer('class', '1Gi', { storageClassName: 'other' });
  expect(volume('right')?.status?.phase).toBe('Available');
  await ask('data');
  expect(claim('data')).toMatchObject({
    spec: { volumeName: 'right' },
    status: { phase: 'Bound', capacity: { storage: '2Gi' }, accessModes: ['ReadWriteOnce'] },
  });
  expect(volume('right')).toMatchObject({
    spec: { claimRef: { name: 'data', uid: claim('data')?.metadata?.uid } },
    status: { phase: 'Bound' },
  });
  await ask('picky', { selector: { matchLabels: { name: 'large' } } });
  expect(claim('picky')?.spec?.volumeName).toBe('large');
  await ask('shared', { accessModes: ['ReadWriteMany'] });
  expect(claim('shared')?.status?.phase).toBe('Pending');
  expect(events()).toContain('FailedBinding');
  const writes = world.api.writes.length;
  await world.pass(500);
  expect(world.api.writes).toHaveLength(writes);
});

it('keeps a volume for the claim that it is reserved for, and gives a claim the volume that it names', async () => {
  await offer('kept', '1Gi', { claimRef: { name: 'mine', namespace: 'default' } });
  await ask('other');
  expect(claim('other')?.status?.phase).toBe('Pending');
  await ask('mine');
  expect(claim('mine')?.spec?.volumeName).toBe('kept');
  await remove(refs.persistentVolumeClaims, 'other');
  await ask('early', { volumeName: 'later' });
  expect(claim('early')?.status?.phase).toBe('Pending');
  await offer('later', '1Gi');
  expect(claim('early')?.status?.phase).toBe('Bound');
});

it('releases a volume without its claim, and does as its policy says', async () => {
  await offer('kept', '1Gi');
  await ask('data');
  await remove(refs.persistentVolumeClaims, 'data');
  expect(claim('data')).toBeUndefined();
  expect(volume('kept')?.status?.phase).toBe('Released');
  await offer('gone', '1Gi', { persistentVolumeReclaimPolicy: 'Delete' });
  await ask('again');
  expect(claim('again')?.spec?.volumeName).toBe('gone');
  await remove(refs.persistentVolumeClaims, 'again');
  expect(volume('gone')?.status).toMatchObject({ phase: 'Failed' });
  expect(events()).toContain('VolumeFailedDelete');
});

it('says that a claim has lost its volume', async () => {
  await offer('fragile', '1Gi');
  await ask('data');
  const bound = volume('fragile');
  await world.api.update(refs.persistentVolumes, {
    ...bound,
    metadata: { ...bound?.metadata, finalizers: [] },
  });
  await remove(refs.persistentVolumes, 'fragile');
  expect(volume('fragile')).toBeUndefined();
  expect(claim('data')?.status?.phase).toBe('Lost');
  expect(events()).toContain('ClaimLost');
});

it('makes a volume of the standard class when a node is chosen, and removes its folder with the claim', async () => {
  const [standard] = world.api.all<StorageClass>(refs.storageClasses);
  expect(standard).toMatchObject({
    metadata: { name: 'standard' },
    volumeBindingMode: 'WaitForFirstConsumer',
  });
  // Without a class of its own it gets the default one.
  await ask('data', { storageClassName: undefined });
  expect(claim('data')?.spec?.storageClassName).toBe('standard');
  expect(claim('data')?.status?.phase).toBe('Pending');
  expect(events()).toContain('WaitForFirstConsumer');
  await select('data');
  await world.pass(500);
  const name = `pvc-${claim('data')?.metadata?.uid}`;
  expect(claim('data')).toMatchObject({ spec: { volumeName: name }, status: { phase: 'Bound' } });
  const path = `/data/local-storage/${name}_default_data`;
  expect(volume(name)).toMatchObject({
    spec: {
      hostPath: { path, type: 'DirectoryOrCreate' },
      persistentVolumeReclaimPolicy: 'Delete',
      nodeAffinity: {
        required: { nodeSelectorTerms: [{ matchExpressions: [{ values: ['worker-1'] }] }] },
      },
    },
    status: { phase: 'Bound' },
  });
  await remove(refs.persistentVolumeClaims, 'data');
  const [pod] = world.pods();
  expect(pod?.spec).toMatchObject({
    nodeName: 'worker-1',
    containers: [{ command: ['rm', '-rf', path] }],
  });
  expect(volume(name)?.status?.phase).toBe('Released');
  const status = { status: { phase: 'Succeeded' } };
  const of = { namespace: 'kube-system', subresource: 'status' };
  await world.api.patch(refs.pods, pod?.metadata?.name ?? '', 'merge', status, of);
  await world.pass(2_000);
  expect(volumes()).toEqual([]);
  expect(world.pods()).toEqual([]);
});

it('has another node chosen where the one that was is gone, and waits for a place on one that is there', async () => {
  const chosen = () => claim('data')?.metadata?.annotations?.['volume.kubernetes.io/selected-node'];
  await world.api.delete(refs.nodes, 'worker-1');
  await world.pass(500);
  await ask('data', { storageClassName: 'standard' });
  await select('data');
  await world.pass(500);
  expect(events()).toContain('ProvisioningFailed');
  expect(chosen()).toBeUndefined();
  const node = readyNode('worker-1', world.clock);
  const metadata = { name: 'worker-1', labels: { 'kubernetes.io/hostname': 'worker-1' } };
  world.api.seed<Node>(refs.nodes, { ...node, metadata });
  await world.pass(500);
  await select('data');
  await world.pass(500);
  expect([chosen(), volumes()]).toEqual(['worker-1', []]);
  const annotations = { [localStorageAnnotation]: '/data/local-storage' };
  await world.api.patch(refs.nodes, 'worker-1', 'merge', { metadata: { annotations } });
  await world.pass(500);
  expect(claim('data')?.status?.phase).toBe('Bound');
});

it('never removes a folder that it has not made', async () => {
  await ask('data', { storageClassName: 'standard' });
  await select('data');
  await world.pass(500);
  const [made] = volumes();
  await world.api.update(refs.persistentVolumes, {
    ...made,
    spec: { ...made?.spec, hostPath: { path: '/data/local-storage/../../home' } },
  });
  await remove(refs.persistentVolumeClaims, 'data');
  await world.pass(2_000);
  expect(world.pods()).toEqual([]);
  expect(events()).toContain('VolumeFailedDelete');
});

it('makes the claim of an ephemeral volume, which is its pod’s', async () => {
  const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'job', namespace: 'default' },
    spec: {
      containers: [{ name: 'main', image: 'none' }],
      volumes: [{ name: 'scratch', ephemeral: { volumeClaimTemplate: { spec } } }],
    },
  };
  const { metadata } = await world.api.create<KubeObject>(refs.pods, pod);
  await world.pass(500);
  expect(claim('job-scratch')?.metadata?.ownerReferences).toMatchObject([
    { kind: 'Pod', name: 'job', uid: metadata?.uid },
  ]);
});

it('keeps a claim that a pod uses', async () => {
  await offer('kept', '1Gi');
  await ask('data');
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'db', namespace: 'default' },
    spec: {
      nodeName: 'worker-1',
      containers: [{ name: 'main', image: 'none' }],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
    },
  };
  await world.api.create(refs.pods, pod);
  await world.pass(500);
  await remove(refs.persistentVolumeClaims, 'data');
  expect(claim('data')?.metadata?.deletionTimestamp).toBeDefined();
  expect(volume('kept')?.status?.phase).toBe('Bound');
  await world.api.delete(refs.pods, 'db', { ...place, gracePeriodSeconds: 0 });
  await world.pass(500);
  expect(claim('data')).toBeUndefined();
});

it('does not keep a claim for a pod that is nowhere: it cannot start before there is another one', async () => {
  await ask('data');
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'db', namespace: 'default' },
    spec: {
      containers: [{ name: 'main', image: 'none' }],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
    },
  };
  await world.api.create(refs.pods, pod);
  await remove(refs.persistentVolumeClaims, 'data');
  expect(claim('data')).toBeUndefined();
});

it('lets a volume go that somebody deletes who keeps what is in it', async () => {
  await ask('data', { storageClassName: 'standard' });
  await select('data');
  await world.pass(500);
  const [made] = volumes();
  const name = made?.metadata?.name ?? '';
  const retain = { spec: { persistentVolumeReclaimPolicy: 'Retain' } };
  await world.api.patch(refs.persistentVolumes, name, 'merge', retain);
  await remove(refs.persistentVolumeClaims, 'data');
  expect(volume(name)?.status?.phase).toBe('Released');
  await remove(refs.persistentVolumes, name);
  expect(volume(name)).toBeUndefined();
  expect(world.pods()).toEqual([]);
});

it('reclaims a volume whose claim goes before it has heard of it', async () => {
  const finalizers = ['test/first'];
  const name = 'data';
  await ask(name);
  const there = claim(name);
  await world.api.update(refs.persistentVolumeClaims, {
    ...there,
    metadata: { ...there?.metadata, finalizers },
  });
  await remove(refs.persistentVolumeClaims, name);
  await offer('late', '1Gi', { claimRef: { ...place, name, uid: there?.metadata?.uid } });
  const going = claim(name);
  await world.api.update(refs.persistentVolumeClaims, {
    ...going,
    metadata: { ...going?.metadata, finalizers: [] },
  });
  await world.pass(500);
  expect(claim(name)).toBeUndefined();
  expect(volume('late')?.status?.phase).toBe('Released');
});

it('lets a volume go that somebody deletes before its claim has got it', async () => {
  await ask('data', { storageClassName: 'standard' });
  const { uid = '' } = claim('data')?.metadata ?? {};
  world.api.seed<PersistentVolume>(refs.persistentVolumes, {
    metadata: {
      name: `pvc-${uid}`,
      annotations: { 'pv.kubernetes.io/provisioned-by': 'quorate.dev/local-path' },
      finalizers: ['quorate.dev/local-path'],
      deletionTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: {
      claimRef: { ...place, name: 'data', uid },
      persistentVolumeReclaimPolicy: 'Retain',
      storageClassName: 'standard',
    },
  });
  await world.pass(500);
  expect(volumes()).toEqual([]);
});

it('keeps a claim that a pod uses which it has not heard of yet', async () => {
  await ask('data');
  const pod = {
    metadata: { name: 'db', namespace: 'default' },
    spec: {
      nodeName: 'worker-1',
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }],
    },
  };
  const list = world.api.list.bind(world.api);
  world.api.list = async <T extends KubeObject>(...[ref, options]: Parameters<typeof list>) => {
    const found = await list<T>(ref, options);
    return ref.resource === 'pods' ? { ...found, items: [pod as KubeObject as T] } : found;
  };
  await remove(refs.persistentVolumeClaims, 'data');
  expect(claim('data')?.metadata?.deletionTimestamp).toBeDefined();
});
