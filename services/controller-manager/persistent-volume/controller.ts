import {
  type Node,
  objectKey,
  type PersistentVolume,
  type PersistentVolumeClaim,
  refs,
  type ResourceRef,
  type StorageClass,
} from '#shared/api';
import { QuorateError } from '#shared/base';
import {
  type Controller,
  type ControllerContext,
  controllerQueue,
  queuedController,
  recorderOf,
} from '../controller.ts';
import { claimKeyOf, reconcileClaim } from './claims.ts';
import type { VolumeContext } from './context.ts';
import { folderOf, standardClass } from './local-path.ts';
import { reconcileVolume } from './volumes.ts';
import { unlessNotFound } from '../not-found.ts';

const claimPrefix = 'claim/';
const volumePrefix = 'volume/';

/** Binds claims to volumes, makes volumes of the cluster's own class, and reclaims them. */
export function persistentVolumeController(context: ControllerContext): Controller {
  const { api, informers } = context;
  const queue = controllerQueue(context, 'persistentvolume-binder');
  const claims = informers.of<PersistentVolumeClaim>(refs.persistentVolumeClaims);
  const volumes = informers.of<PersistentVolume>(refs.persistentVolumes);
  const classes = informers.of<StorageClass>(refs.storageClasses);
  const nodes = informers.of<Node>(refs.nodes);
  const enqueueClaim = (key: string): void => queue.add(`${claimPrefix}${key}`);
  const enqueueVolume = (name: string): void => queue.add(`${volumePrefix}${name}`);
  const claimSeen = (claim: PersistentVolumeClaim): void => {
    enqueueClaim(objectKey(claim));
    if (claim.spec?.volumeName) enqueueVolume(claim.spec.volumeName);
  };
  /** It may have had a volume that it never heard of. */
  const claimGone = (claim: PersistentVolumeClaim): void => {
    claimSeen(claim);
    for (const { metadata, spec } of volumes.store.list()) {
      if (spec?.claimRef?.uid === claim.metadata?.uid) enqueueVolume(metadata?.name ?? '');
    }
  };
  /** A volume, a class or a node may be what others have waited for. */
  const enqueueWaiting = (): void => {
    for (const claim of claims.store.list()) {
      if (claim.status?.phase !== 'Bound') enqueueClaim(objectKey(claim));
    }
  };
  const volumeSeen = (volume: PersistentVolume): void => {
    enqueueVolume(volume.metadata?.name ?? '');
    const key = claimKeyOf(volume);
    if (key === undefined) enqueueWaiting();
    else enqueueClaim(key);
  };
  claims.addHandlers({
    added: claimSeen,
    updated: (_before, after) => claimSeen(after),
    deleted: claimGone,
  });
  volumes.addHandlers({
    added: volumeSeen,
    updated: (_before, after) => volumeSeen(after),
    deleted: volumeSeen,
  });
  classes.addHandlers({ added: enqueueWaiting, updated: enqueueWaiting });
  nodes.addHandlers({
    added: enqueueWaiting,
    updated: (before, after) => {
      if (folderOf(before) !== folderOf(after)) enqueueWaiting();
    },
    deleted: enqueueWaiting,
  });
  const parts: VolumeContext = {
    api,
    claims: claims.store,
    volumes: volumes.store,
    classes: classes.store,
    nodes: nodes.store,
    events: recorderOf(context, 'persistentvolume-controller'),
    findVolume: (name) => find<PersistentVolume>(context, refs.persistentVolumes, name),
    findClaim: (namespace, name) =>
      find<PersistentVolumeClaim>(context, refs.persistentVolumeClaims, name, namespace),
  };
  const work = queuedController('persistentvolume-binder', queue, async (key) => {
    if (key.startsWith(claimPrefix)) {
      const claim = claims.store.get(key.slice(claimPrefix.length));
      return claim && reconcileClaim(parts, claim);
    }
    const volume = volumes.store.get(key.slice(volumePrefix.length));
    return volume && reconcileVolume(parts, volume, enqueueClaim);
  });
  return {
    ...work,
    async run(signal) {
      await ensureStandardClass(context, classes.store.list());
      await work.run(signal);
    },
  };
}

/** A cluster without any class gets one; what people have made of theirs is left alone. */
async function ensureStandardClass(
  { api, log }: ControllerContext,
  classes: readonly StorageClass[],
): Promise<void> {
  if (classes.length > 0) return;
  try {
    await api.create(refs.storageClasses, standardClass);
  } catch (thrown) {
    const error = QuorateError.from(thrown).message;
    log.debug({ error }, 'the standard storage class was not made');
  }
}

async function find<T extends PersistentVolume | PersistentVolumeClaim>(
  { api }: ControllerContext,
  ref: ResourceRef,
  name: string,
  namespace?: string,
): Promise<T | undefined> {
  return await api.get<T>(ref, name, namespace).catch(unlessNotFound);
}
