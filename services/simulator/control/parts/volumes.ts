import {
  isBoundTogether,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  refs,
} from '#shared/api';
import type { AgentHost } from '#services/agent';

type Volumes = ReturnType<AgentHost['openVolumes']>;
type Objects = Parameters<AgentHost['openVolumes']>[0]['objects'];

/** Where volumes are made for claims, on each machine. */
export const localStorage = '/storage';

const patienceMs = 5_000;
const retryMs = 1_000;

/** The volumes of claims, as far as pods wait for them: there are no files here. */
export function claimedVolumes(objects: Objects): Volumes {
  const whyNot = async (pod: Pod, name: string): Promise<string> => {
    const { uid = '', namespace = '' } = pod.metadata ?? {};
    const of = refs.persistentVolumeClaims;
    const claim = await objects.get<PersistentVolumeClaim>(uid, of, name, namespace, patienceMs);
    const { volumeName } = claim?.spec ?? {};
    if (!claim || !volumeName) return `claim ${name} has no volume`;
    const volumes = refs.persistentVolumes;
    const volume = await objects.get<PersistentVolume>(uid, volumes, volumeName, '', patienceMs);
    return volume && isBoundTogether(claim, volume) ? '' : `claim ${name} is not bound`;
  };
  return {
    async setUp({ pod }) {
      const paths = new Map<string, string>();
      const failures: { volume: string; message: string }[] = [];
      for (const { name, persistentVolumeClaim: claim } of pod.spec?.volumes ?? []) {
        if (!claim) continue;
        const message = await whyNot(pod, claim.claimName).catch(String);
        if (message === '') paths.set(name, `${localStorage}/${name}`);
        else failures.push({ volume: name, message });
      }
      return { paths, failures, refreshMs: failures.length > 0 ? retryMs : undefined };
    },
    mounts: () => [],
    remove: (uid) => Promise.resolve(objects.release(uid)),
    removeOthers: () => Promise.resolve(),
    close: () => objects.close(),
  };
}
