import {
  isBoundTogether,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  refs,
} from '#shared/api';
import { QuorateError } from '#shared/base';
import { checkHostPath } from './host-path.ts';
import type { ProjectionDeps } from './projections.ts';

/**
 * Where the volume of a claim is on this machine. Throws `invalid` where the claim has none yet, or one of a
 * kind that is not here.
 */
export async function claimedVolume(
  pod: Pod,
  claimName: string,
  { objects, patienceMs }: Pick<ProjectionDeps, 'objects' | 'patienceMs'>,
): Promise<string> {
  const { uid = '', namespace = '' } = pod.metadata ?? {};
  const claim = await objects.get<PersistentVolumeClaim>(
    uid,
    refs.persistentVolumeClaims,
    claimName,
    namespace,
    patienceMs,
  );
  const title = `PVC ${namespace}/${claimName}`;
  if (!claim) throw new QuorateError('invalid', `persistentvolumeclaim "${claimName}" not found`);
  const { volumeName } = claim.spec ?? {};
  if (!volumeName) throw new QuorateError('invalid', `${title} is not bound`);
  const pv = refs.persistentVolumes;
  const volume = await objects.get<PersistentVolume>(uid, pv, volumeName, '', patienceMs);
  if (!volume) throw new QuorateError('invalid', `persistentvolume "${volumeName}" not found`);
  if (!isBoundTogether(claim, volume)) throw new QuorateError('invalid', `${title} is not bound`);
  return await placeOf(volume);
}

async function placeOf({ spec = {} }: PersistentVolume): Promise<string> {
  const { hostPath, local } = spec;
  if (hostPath) {
    await checkHostPath(hostPath.path, hostPath.type);
    return hostPath.path;
  }
  if (local) {
    await checkHostPath(local.path);
    return local.path;
  }
  throw new QuorateError('invalid', 'only hostPath and local volumes can be mounted here');
}
