import { type PersistentVolume, refs, volumeAnnotations } from '#shared/api';
import type { ReconcileResult } from '#shared/client';
import { writePhase } from './bind.ts';
import type { VolumeContext } from './context.ts';
import { deleteVolume, isOurVolume, leaveData } from './local-path.ts';

/** Says of a volume what it is: available, bound, or released, and then does as its policy says. */
export async function reconcileVolume(
  context: VolumeContext,
  volume: PersistentVolume,
  /** Looks at a claim again. */
  enqueueClaim: (key: string) => void,
): Promise<ReconcileResult> {
  const { api } = context;
  const { claimRef } = volume.spec ?? {};
  if (!claimRef) {
    await writePhase(api, volume, { phase: 'Available' });
    return;
  }
  const { namespace = '', name = '', uid } = claimRef;
  if (!uid) {
    // Reserved for a claim that need not be there yet.
    await writePhase(api, volume, { phase: 'Available' });
    enqueueClaim(`${namespace}/${name}`);
    return;
  }
  const claim = await context.findClaim(namespace, name);
  const { volumeName } = claim?.spec ?? {};
  // One that somebody deletes before its claim has got it is in the way of the next one.
  const comesToNothing = volume.metadata?.deletionTimestamp !== undefined && !volumeName;
  if (claim?.metadata?.uid === uid && !comesToNothing) {
    if (!volumeName) enqueueClaim(`${namespace}/${name}`);
    else if (volumeName === volume.metadata?.name)
      await writePhase(api, volume, { phase: 'Bound' });
    else await letGo(context, volume);
    return;
  }
  return await reclaim(context, volume);
}

/** Its claim has got another one. */
async function letGo(context: VolumeContext, volume: PersistentVolume): Promise<void> {
  const { [volumeAnnotations.boundByController]: chosen, ...annotations } =
    volume.metadata?.annotations ?? {};
  if (chosen === undefined) return;
  const { claimRef: _, ...spec } = volume.spec ?? {};
  const free = { ...volume, metadata: { ...volume.metadata, annotations }, spec };
  await context.api.update(refs.persistentVolumes, free);
}

async function reclaim(context: VolumeContext, seen: PersistentVolume): Promise<ReconcileResult> {
  const { api, events } = context;
  // What was done a moment ago is not done again.
  const volume = await context.findVolume(seen.metadata?.name ?? '');
  if (!volume) return undefined;
  const { persistentVolumeReclaimPolicy: policy } = volume.spec ?? {};
  // What failed to be deleted stays Failed: it is not tried for ever.
  if (volume.status?.phase === 'Failed') return undefined;
  const released = await writePhase(api, volume, { phase: 'Released' });
  if (policy !== 'Delete' && policy !== 'Recycle') {
    if (isOurVolume(released)) await leaveData(context, released);
    return undefined;
  }
  if (policy === 'Delete' && isOurVolume(volume)) {
    if (!(await deleteVolume(context, released))) return { requeueAfterMs: recheckMs };
    return undefined;
  }
  // Whoever made it deletes it.
  if (volume.metadata?.annotations?.[volumeAnnotations.provisionedBy] !== undefined) {
    return undefined;
  }
  const plugin = policy === 'Delete' ? 'deletable' : 'recyclable';
  const message = `no ${plugin} volume plugin matched`;
  await writePhase(api, released, { phase: 'Failed', message });
  const reason = policy === 'Delete' ? 'VolumeFailedDelete' : 'VolumeFailedRecycle';
  events.event(volume, 'Warning', reason, message);
  return undefined;
}

const recheckMs = 500;
