import {
  isPodAvailable,
  isPodReady,
  isPodTerminal,
  newControllerRef,
  type PersistentVolumeClaim,
  type Pod,
  refs,
  type StatefulSet,
} from '#shared/api';
import { revisionLabel } from '../revisions.ts';

const nameLabel = 'statefulset.kubernetes.io/pod-name';
const indexLabel = 'apps.kubernetes.io/pod-index';

export const firstOrdinal = ({ spec }: StatefulSet): number => spec?.ordinals?.start ?? 0;
export const replicasOf = ({ spec }: StatefulSet): number => spec?.replicas ?? 1;
export const isLeaving = ({ metadata }: Pod): boolean => metadata?.deletionTimestamp !== undefined;
export const revisionOfPod = ({ metadata }: Pod): string => metadata?.labels?.[revisionLabel] ?? '';

/** The number at the end of a pod's name; undefined for a pod that is not named after the set. */
export function ordinalOf(set: StatefulSet, { metadata }: Pod): number | undefined {
  const prefix = `${set.metadata?.name}-`;
  const { name = '' } = metadata ?? {};
  const rest = name.startsWith(prefix) ? name.slice(prefix.length) : '';
  return /^(0|[1-9]\d*)$/.test(rest) ? Number(rest) : undefined;
}

/** Running, ready, and ready for as long as the set asks. */
export function isHealthy({ spec }: StatefulSet, pod: Pod, nowMs: number): boolean {
  return (
    !isLeaving(pod) &&
    !isPodTerminal(pod) &&
    isPodReady(pod) &&
    isPodAvailable(pod, spec?.minReadySeconds ?? 0, nowMs)
  );
}

/** The pod of an ordinal, from a pod that was made of the template. */
export function identified(set: StatefulSet, pod: Pod, ordinal: number, revision: string): Pod {
  const { name: setName = '' } = set.metadata ?? {};
  const name = `${setName}-${ordinal}`;
  const labels = {
    ...pod.metadata?.labels,
    [nameLabel]: name,
    [indexLabel]: String(ordinal),
    [revisionLabel]: revision,
  };
  const claims = (set.spec?.volumeClaimTemplates ?? []).map(({ metadata }) => metadata?.name ?? '');
  const volumes = [
    ...(pod.spec?.volumes ?? []).filter((volume) => !claims.includes(volume.name)),
    ...claims.map((claim) => ({
      name: claim,
      persistentVolumeClaim: { claimName: `${claim}-${name}` },
    })),
  ];
  const { generateName: _, ...metadata } = pod.metadata ?? {};
  return {
    ...pod,
    metadata: { ...metadata, name, labels },
    ...(pod.spec && {
      spec: {
        ...pod.spec,
        hostname: name,
        subdomain: set.spec?.serviceName ?? '',
        ...(volumes.length > 0 && { volumes }),
      },
    }),
  };
}

/** The claims of an ordinal; they stay when its pod goes, unless the set says otherwise. */
export function claimsOf(set: StatefulSet, ordinal: number): PersistentVolumeClaim[] {
  const { name = '', namespace } = set.metadata ?? {};
  const retention = set.spec?.persistentVolumeClaimRetentionPolicy;
  const owner = newControllerRef(set, { ...refs.statefulSets, kind: 'StatefulSet' });
  const labels = set.spec?.selector.matchLabels;
  return (set.spec?.volumeClaimTemplates ?? []).map(({ metadata, spec }) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: `${metadata?.name}-${name}-${ordinal}`,
      ...(namespace !== undefined && { namespace }),
      labels: { ...metadata?.labels, ...labels },
      ...(metadata?.annotations && { annotations: metadata.annotations }),
      ...(retention?.whenDeleted === 'Delete' && { ownerReferences: [owner] }),
    },
    ...(spec && { spec }),
  }));
}
