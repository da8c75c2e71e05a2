import {
  bestVolume,
  defaultStorageClass,
  isBoundTogether,
  isClaimedBy,
  noProvisioner,
  type PersistentVolume,
  type PersistentVolumeClaim,
  refs,
  type StorageClass,
  volumeAnnotations,
  waitsForConsumer,
} from '#shared/api';
import type { ReconcileResult } from '#shared/client';
import { annotated, bind, writeClaimStatus } from './bind.ts';
import { isOurs, provision } from './local-path.ts';
import type { VolumeContext } from './context.ts';

/** Takes a claim one step further: to a volume that is there, to a new one, or to why it waits. */
export async function reconcileClaim(
  context: VolumeContext,
  claim: PersistentVolumeClaim,
): Promise<ReconcileResult> {
  const { api, volumes, events } = context;
  if (claim.metadata?.annotations?.[volumeAnnotations.bindCompleted] !== undefined) {
    return checkBound(context, claim);
  }
  if (claim.metadata?.deletionTimestamp !== undefined) return;
  const { volumeName } = claim.spec ?? {};
  if (volumeName) {
    const volume = volumes.get(volumeName);
    // Named by a person, and not there or somebody else's: it may become ours yet.
    if (volume && (!volume.spec?.claimRef || isClaimedBy(volume, claim))) {
      await bind(api, claim, volume);
    } else await writeClaimStatus(api, claim, { phase: 'Pending' });
    return;
  }
  const storageClass = await classOf(context, claim);
  if (storageClass === 'written') return;
  const selected = claim.metadata?.annotations?.[volumeAnnotations.selectedNode];
  const waits = waitsForConsumer(storageClass);
  const candidates = volumes.list();
  const volume = bestVolume(
    // Which one it gets where a pod decides, the scheduler says with the volume's claimRef.
    waits ? candidates.filter((each) => each.spec?.claimRef) : candidates,
    claim,
  );
  if (volume) {
    await bind(api, claim, volume);
    return;
  }
  await writeClaimStatus(api, claim, { phase: 'Pending' });
  if (waits && selected === undefined) {
    const text = 'waiting for first consumer to be created before binding';
    events.event(claim, 'Normal', 'WaitForFirstConsumer', text);
    return;
  }
  await provisionFor(context, claim, storageClass);
}

async function checkBound(context: VolumeContext, claim: PersistentVolumeClaim): Promise<void> {
  const { api, events } = context;
  const volume = await context.findVolume(claim.spec?.volumeName ?? '');
  // Bound from the claim's side alone, the other half is missing.
  const isHalf = volume !== undefined && !volume.spec?.claimRef;
  if (volume && (isHalf || isBoundTogether(claim, volume))) {
    await bind(api, claim, volume);
    return;
  }
  if (claim.status?.phase === 'Lost') return;
  await writeClaimStatus(api, claim, { ...claim.status, phase: 'Lost' });
  if (volume) {
    const text = 'Two claims are bound to the same volume, this one is bound incorrectly';
    events.event(claim, 'Warning', 'ClaimMisbound', text);
  } else {
    const text = 'Bound claim has lost its PersistentVolume. Data on the volume is lost!';
    events.event(claim, 'Warning', 'ClaimLost', text);
  }
}

/** A claim that named no class before there was a default one gets that now. */
async function classOf(
  { api, classes }: VolumeContext,
  claim: PersistentVolumeClaim,
): Promise<StorageClass | undefined | 'written'> {
  const { storageClassName } = claim.spec ?? {};
  if (storageClassName !== undefined) return classes.get(storageClassName);
  const name = defaultStorageClass(classes.list())?.metadata?.name;
  if (name === undefined) return undefined;
  const spec = { ...claim.spec, storageClassName: name };
  await api.update(refs.persistentVolumeClaims, { ...claim, spec });
  return 'written';
}

async function provisionFor(
  context: VolumeContext,
  claim: PersistentVolumeClaim,
  storageClass: StorageClass | undefined,
): Promise<void> {
  const { api, events } = context;
  const { storageClassName = '' } = claim.spec ?? {};
  if (storageClassName === '') {
    const text = 'no persistent volumes available for this claim and no storage class is set';
    events.event(claim, 'Normal', 'FailedBinding', text);
    return;
  }
  if (!storageClass) {
    const text = `storageclass.storage.k8s.io "${storageClassName}" not found`;
    events.event(claim, 'Warning', 'ProvisioningFailed', text);
    return;
  }
  const { provisioner } = storageClass;
  if (provisioner === noProvisioner) return;
  const annotations = claim.metadata?.annotations ?? {};
  if (annotations[volumeAnnotations.provisioner] !== provisioner) {
    const marks = {
      [volumeAnnotations.provisioner]: provisioner,
      [volumeAnnotations.betaProvisioner]: provisioner,
    };
    const marked = { ...claim, metadata: annotated(claim, marks) } as PersistentVolumeClaim;
    await api.update(refs.persistentVolumeClaims, marked);
    return;
  }
  if (isOurs(storageClass)) {
    await provision(context, claim, storageClass);
    return;
  }
  const text = `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`;
  events.event(claim, 'Normal', 'ExternalProvisioning', text);
}

/** Whose claim a volume is or was, if it still is. */
export const claimKeyOf = ({ spec }: PersistentVolume): string | undefined =>
  spec?.claimRef && `${spec.claimRef.namespace}/${spec.claimRef.name}`;
