import {
  type PersistentVolume,
  type PersistentVolumeClaim,
  refs,
  volumeAnnotations,
} from '#shared/api';
import type { ApiClient } from '#shared/client';
import { writeStatus } from '../write-status.ts';

const yes = 'yes';

/** What a claim's binding is written down as: first in the volume, so that no two claims get one. */
export async function bind(
  api: ApiClient,
  claim: PersistentVolumeClaim,
  volume: PersistentVolume,
): Promise<void> {
  const held = await holdVolume(api, claim, volume);
  await writeClaim(api, claim, held);
}

async function holdVolume(
  api: ApiClient,
  claim: PersistentVolumeClaim,
  volume: PersistentVolume,
): Promise<PersistentVolume> {
  const { name, namespace, uid } = claim.metadata ?? {};
  let held = volume;
  if (volume.spec?.claimRef?.uid !== uid) {
    // Somebody else's reservation is kept as theirs.
    const chosenHere = volume.spec?.claimRef === undefined;
    const claimRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace, uid };
    held = await api.update<PersistentVolume>(refs.persistentVolumes, {
      ...volume,
      metadata: chosenHere
        ? annotated(volume, { [volumeAnnotations.boundByController]: yes })
        : volume.metadata,
      spec: { ...volume.spec, claimRef },
    } as PersistentVolume);
  }
  return await writePhase(api, held, { phase: 'Bound' });
}

async function writeClaim(
  api: ApiClient,
  claim: PersistentVolumeClaim,
  volume: PersistentVolume,
): Promise<void> {
  const { bindCompleted, boundByController } = volumeAnnotations;
  const volumeName = volume.metadata?.name ?? '';
  let bound = claim;
  if (
    claim.spec?.volumeName !== volumeName ||
    claim.metadata?.annotations?.[bindCompleted] === undefined
  ) {
    const marks = {
      [bindCompleted]: yes,
      ...(!claim.spec?.volumeName && { [boundByController]: yes }),
    };
    bound = await api.update<PersistentVolumeClaim>(refs.persistentVolumeClaims, {
      ...claim,
      metadata: annotated(claim, marks),
      spec: { ...claim.spec, volumeName },
    });
  }
  await writeClaimStatus(api, bound, {
    phase: 'Bound',
    accessModes: volume.spec?.accessModes ?? [],
    capacity: volume.spec?.capacity ?? {},
  });
}

type ClaimStatus = NonNullable<PersistentVolumeClaim['status']>;
type VolumeStatus = NonNullable<PersistentVolume['status']>;

export async function writeClaimStatus(
  api: ApiClient,
  claim: PersistentVolumeClaim,
  status: ClaimStatus,
): Promise<void> {
  await writeStatus(api, refs.persistentVolumeClaims, claim, status);
}

export async function writePhase(
  api: ApiClient,
  volume: PersistentVolume,
  { phase, message }: Pick<VolumeStatus, 'phase' | 'message'>,
): Promise<PersistentVolume> {
  if (volume.status?.phase === phase && volume.status?.message === message) return volume;
  const status = { phase, ...(message !== undefined && { message }) };
  const wanted = { ...volume, status } as PersistentVolume;
  return await api.update(refs.persistentVolumes, wanted, { subresource: 'status' });
}

export const annotated = (
  { metadata }: PersistentVolume | PersistentVolumeClaim,
  annotations: Readonly<Record<string, string>>,
) => ({ ...metadata, annotations: { ...metadata?.annotations, ...annotations } });
