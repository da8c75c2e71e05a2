import {
  localStorageAnnotation,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  refs,
  type StorageClass,
  volumeAnnotations,
} from '#shared/api';
import { QuorateError } from '#shared/base';
import type { ApiClient } from '#shared/client';
import type { VolumeContext } from './context.ts';
import { unlessNotFound } from '../not-found.ts';

/** Who makes volumes that are folders of a worker's machine. */
const provisioner = 'quorate.dev/local-path';
/** On a volume: its folder is there. */
const finalizer = 'quorate.dev/local-path';
const hostnameLabel = 'kubernetes.io/hostname';
/** Where the pods run that delete what volumes held. */
const namespace = 'kube-system';

/** The class that a cluster has from the start. */
export const standardClass: StorageClass = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: {
    name: 'standard',
    annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' },
  },
  provisioner,
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'WaitForFirstConsumer',
};

export const isOurs = (storageClass: StorageClass): boolean =>
  storageClass.provisioner === provisioner;

export const isOurVolume = ({ metadata }: PersistentVolume): boolean =>
  metadata?.annotations?.[volumeAnnotations.provisionedBy] === provisioner;

/** Makes a volume for a claim: a folder on the node that its pod goes to, made there when it is mounted. */
export async function provision(
  { api, nodes, events }: VolumeContext,
  claim: PersistentVolumeClaim,
  storageClass: StorageClass,
): Promise<void> {
  const { name = '', namespace: within = '', uid = '' } = claim.metadata ?? {};
  const failed = (why: string): void => {
    const title = `failed to provision volume with StorageClass "${storageClass.metadata?.name}"`;
    events.event(claim, 'Warning', 'ProvisioningFailed', `${title}: ${why}`);
  };
  const modes: readonly string[] = claim.spec?.accessModes ?? [];
  if (modes.some((mode) => mode === 'ReadWriteMany' || mode === 'ReadOnlyMany')) {
    failed('a folder of one node only supports ReadWriteOnce and ReadWriteOncePod');
    return;
  }
  if (claim.spec?.volumeMode === 'Block') {
    failed('block volumes are not supported');
    return;
  }
  if (claim.spec?.selector) {
    failed('claim.Spec.Selector is not supported');
    return;
  }
  const known = nodes.list();
  if (isOrphaned(claim, known)) {
    failed('the node that its pod was to go to is gone');
    await chooseAgain(api, claim);
    return;
  }
  const node = placeFor(claim, known);
  const folder = node && folderOf(node);
  if (!node || folder === undefined) {
    failed('no node has a place for volumes');
    return;
  }
  const volumeName = `pvc-${uid}`;
  const title = `volume for claim "${within}/${name}"`;
  events.event(claim, 'Normal', 'Provisioning', `External provisioner is provisioning ${title}`);
  const path = `${folder}/${volumeName}_${within}_${name}`;
  try {
    await api.create(refs.persistentVolumes, volumeFor(claim, storageClass, node, path));
  } catch (thrown) {
    // Made before; it shows up in time.
    if (QuorateError.is(thrown, 'already-exists')) return;
    throw thrown;
  }
  const text = `Successfully provisioned volume ${volumeName}`;
  events.event(claim, 'Normal', 'ProvisioningSucceeded', text);
}

/** Where a node's volumes lie; undefined: it has no place for them. */
export const folderOf = ({ metadata }: Node): string | undefined =>
  metadata?.annotations?.[localStorageAnnotation];

const selectedNodeOf = ({ metadata }: PersistentVolumeClaim): string | undefined =>
  metadata?.annotations?.[volumeAnnotations.selectedNode];

const isOrphaned = (claim: PersistentVolumeClaim, nodes: readonly Node[]): boolean => {
  const selected = selectedNodeOf(claim);
  return selected !== undefined && !nodes.some(({ metadata }) => metadata?.name === selected);
};

/** As Kubernetes' provisioners do it: the scheduler looks for another node for the pod. */
async function chooseAgain(api: ApiClient, claim: PersistentVolumeClaim): Promise<void> {
  const { [volumeAnnotations.selectedNode]: _, ...annotations } = claim.metadata?.annotations ?? {};
  await api.update(refs.persistentVolumeClaims, {
    ...claim,
    metadata: { ...claim.metadata, annotations },
  });
}

/** The node that was chosen for the pod; where no pod is waited for, any that has a place. */
function placeFor(claim: PersistentVolumeClaim, nodes: readonly Node[]): Node | undefined {
  const selected = selectedNodeOf(claim);
  const named = nodes
    .filter((node) => folderOf(node) !== undefined)
    .toSorted((a, b) => ((a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1));
  return selected === undefined
    ? named[0]
    : named.find(({ metadata }) => metadata?.name === selected);
}

function volumeFor(
  claim: PersistentVolumeClaim,
  storageClass: StorageClass,
  node: Node,
  path: string,
): PersistentVolume {
  const { name, namespace: within, uid } = claim.metadata ?? {};
  const hostname = node.metadata?.labels?.[hostnameLabel] ?? node.metadata?.name ?? '';
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name: `pvc-${uid}`,
      annotations: { [volumeAnnotations.provisionedBy]: provisioner },
      finalizers: [finalizer],
    },
    spec: {
      accessModes: claim.spec?.accessModes ?? [],
      capacity: { storage: claim.spec?.resources?.requests?.['storage'] ?? '0' },
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace: within, uid },
      hostPath: { path, type: 'DirectoryOrCreate' },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: hostnameLabel, operator: 'In', values: [hostname] }] },
          ],
        },
      },
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy ?? 'Delete',
      storageClassName: storageClass.metadata?.name ?? '',
      volumeMode: 'Filesystem',
      ...(storageClass.mountOptions && { mountOptions: storageClass.mountOptions }),
    },
  } as PersistentVolume;
}

/** Removes a volume with what it holds; true when that is done. Whoever deletes it, its folder goes first. */
export async function deleteVolume(
  context: VolumeContext,
  volume: PersistentVolume,
): Promise<boolean> {
  const { api } = context;
  const { name = '', uid, finalizers = [], deletionTimestamp } = volume.metadata ?? {};
  if (finalizers.includes(finalizer)) {
    if (!(await deleteData(context, volume))) return false;
    await letGo(api, volume);
    const pod = deletionPod(volume);
    await api.delete(refs.pods, pod, { namespace, gracePeriodSeconds: 0 }).catch(unlessNotFound);
  }
  if (deletionTimestamp === undefined) {
    const options = uid === undefined ? {} : { uid };
    await api.delete(refs.persistentVolumes, name, options).catch(unlessNotFound);
  }
  return true;
}

/** Whoever deletes a volume whose data is retained gets rid of the object alone. */
export async function leaveData({ api }: VolumeContext, volume: PersistentVolume): Promise<void> {
  const { finalizers = [], deletionTimestamp } = volume.metadata ?? {};
  if (deletionTimestamp !== undefined && finalizers.includes(finalizer)) await letGo(api, volume);
}

async function letGo(api: ApiClient, volume: PersistentVolume): Promise<void> {
  const finalizers = (volume.metadata?.finalizers ?? []).filter((each) => each !== finalizer);
  const metadata = { ...volume.metadata, finalizers };
  await api.update(refs.persistentVolumes, { ...volume, metadata });
}

/**
 * Removes a volume's folder by a pod on its node; true when that is done. Of a node that is no more there
 * is nothing left to remove; one that is away is waited for.
 */
async function deleteData(
  { api, nodes, events }: VolumeContext,
  volume: PersistentVolume,
): Promise<boolean> {
  const name = deletionPod(volume);
  const node = nodeOf(volume, nodes.list());
  if (!node) return true;
  const pod = await api.get<Pod>(refs.pods, name, namespace).catch(unlessNotFound);
  const { phase } = pod?.status ?? {};
  if (!pod) {
    const made = deletion(name, node, volume);
    if (made) await api.create(refs.pods, made);
    else events.event(volume, 'Warning', 'VolumeFailedDelete', 'its path is not one made here');
    return false;
  }
  if (phase !== 'Succeeded' && phase !== 'Failed') return false;
  if (phase === 'Failed') {
    const text = `failed to delete the volume's folder: see the log of pod ${namespace}/${name}`;
    events.event(volume, 'Warning', 'VolumeFailedDelete', text);
    return false;
  }
  return true;
}

const deletionPod = ({ metadata }: PersistentVolume): string => `delete-${metadata?.name}`;

function nodeOf({ spec }: PersistentVolume, nodes: readonly Node[]): Node | undefined {
  const terms = spec?.nodeAffinity?.required?.nodeSelectorTerms ?? [];
  const hostname = terms[0]?.matchExpressions?.[0]?.values?.[0];
  return nodes.find(({ metadata }) => metadata?.labels?.[hostnameLabel] === hostname);
}

/** Undefined for a folder that is not one of ours: nothing else is ever removed. */
function deletion(name: string, node: Node, { spec, metadata }: PersistentVolume): Pod | undefined {
  const folder = folderOf(node) ?? '';
  const path = spec?.hostPath?.path ?? '';
  const rest = path.slice(folder.length + 1);
  const isOne = folder !== '' && path.startsWith(`${folder}/${metadata?.name}_`);
  if (!isOne || rest.includes('/')) return undefined;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: {
      nodeName: node.metadata?.name ?? '',
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      tolerations: [{ operator: 'Exists' }],
      containers: [
        {
          name: 'delete',
          image: 'busybox',
          command: ['rm', '-rf', path],
          volumeMounts: [{ name: 'storage', mountPath: folder }],
        },
      ],
      volumes: [{ name: 'storage', hostPath: { path: folder, type: 'DirectoryOrCreate' } }],
    },
  };
}
