import {
  isPodTerminal,
  type KubeObject,
  objectKey,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  refs,
  type ResourceRef,
} from '#shared/api';
import { listAll } from '#shared/client';
import {
  type Controller,
  type ControllerContext,
  controllerQueue,
  queuedController,
} from '../controller.ts';

/** Lets go of a claim that is being deleted when no pod uses it any more. */
export function claimProtection(context: ControllerContext): Controller {
  const { informers } = context;
  const queue = controllerQueue(context, 'persistentvolumeclaim-protection');
  const claims = informers.of<PersistentVolumeClaim>(refs.persistentVolumeClaims);
  const seen = (claim: PersistentVolumeClaim): void => {
    if (claim.metadata?.deletionTimestamp !== undefined) queue.add(objectKey(claim));
  };
  const podSeen = (pod: Pod): void => {
    for (const name of claimsOf(pod)) queue.add(`${pod.metadata?.namespace}/${name}`);
  };
  claims.addHandlers({ added: seen, updated: (_before, after) => seen(after) });
  informers.pods.addHandlers({
    updated: (_before, after) => {
      if (isPodTerminal(after)) podSeen(after);
    },
    deleted: podSeen,
  });
  return queuedController('persistentvolumeclaim-protection', queue, async (key) => {
    const claim = claims.store.get(key);
    if (claim?.metadata?.deletionTimestamp === undefined) return;
    const { namespace } = claim.metadata;
    if (isUsed(claim, informers.pods.store.list(namespace))) return;
    // One that was bound a moment ago is not in the cache, and its data would go.
    const { items } = await listAll<Pod>(context.api, refs.pods, { namespace });
    if (isUsed(claim, items)) return;
    await release(context, refs.persistentVolumeClaims, claim, 'kubernetes.io/pvc-protection');
  });
}

/** Lets go of a volume that is being deleted when it is bound to no claim any more. */
export function volumeProtection(context: ControllerContext): Controller {
  const queue = controllerQueue(context, 'persistentvolume-protection');
  const volumes = context.informers.of<PersistentVolume>(refs.persistentVolumes);
  const seen = (volume: PersistentVolume): void => {
    if (volume.metadata?.deletionTimestamp !== undefined) queue.add(objectKey(volume));
  };
  volumes.addHandlers({ added: seen, updated: (_before, after) => seen(after) });
  return queuedController('persistentvolume-protection', queue, async (key) => {
    const volume = volumes.store.get(key);
    if (volume?.metadata?.deletionTimestamp === undefined) return;
    if (volume.status?.phase === 'Bound') return;
    await release(context, refs.persistentVolumes, volume, 'kubernetes.io/pv-protection');
  });
}

/** A pod that is nowhere yet does not start with a claim that is going: it waits for the next one. */
const isUsed = ({ metadata }: PersistentVolumeClaim, pods: readonly Pod[]): boolean =>
  pods.some(
    (pod) =>
      pod.spec?.nodeName !== undefined &&
      !isPodTerminal(pod) &&
      claimsOf(pod).includes(metadata?.name ?? ''),
  );

const claimsOf = ({ metadata, spec }: Pod): string[] =>
  (spec?.volumes ?? []).flatMap(({ name, persistentVolumeClaim: claim, ephemeral }) => {
    if (claim) return [claim.claimName];
    return ephemeral ? [`${metadata?.name}-${name}`] : [];
  });

async function release<T extends KubeObject>(
  { api }: ControllerContext,
  ref: ResourceRef,
  object: T,
  finalizer: string,
): Promise<void> {
  const { finalizers = [] } = object.metadata ?? {};
  if (!finalizers.includes(finalizer)) return;
  const left = finalizers.filter((each) => each !== finalizer);
  await api.update(ref, { ...object, metadata: { ...object.metadata, finalizers: left } });
}
