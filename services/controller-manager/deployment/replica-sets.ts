import {
  type Deployment,
  equalJson,
  newControllerRef,
  type PodTemplateSpec,
  parseTime,
  podTemplateHash,
  type ReplicaSet,
  refs,
  resolveFenceposts,
} from '#shared/api';

/** Labels and annotations of Kubernetes' deployment controller. */
const hashLabel = 'pod-template-hash';
export const revisionAnnotation = 'deployment.kubernetes.io/revision';
const desiredAnnotation = 'deployment.kubernetes.io/desired-replicas';
const maxAnnotation = 'deployment.kubernetes.io/max-replicas';

/** Annotations of a Deployment that say nothing about its ReplicaSets. */
const notCopied: ReadonlySet<string> = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  revisionAnnotation,
  desiredAnnotation,
  maxAnnotation,
  'deployment.kubernetes.io/revision-history',
  'deprecated.deployment.rollback.to',
]);

export const desiredReplicas = (deployment: Deployment): number => deployment.spec?.replicas ?? 1;
export const replicasOf = (replicaSet: ReplicaSet): number => replicaSet.spec?.replicas ?? 1;
export const availableOf = (replicaSet: ReplicaSet): number =>
  replicaSet.status?.availableReplicas ?? 0;

export const sum = (
  replicaSets: readonly ReplicaSet[],
  count: (replicaSet: ReplicaSet) => number,
): number => replicaSets.reduce((total, replicaSet) => total + count(replicaSet), 0);

export const isRecreate = (deployment: Deployment): boolean =>
  deployment.spec?.strategy?.type === 'Recreate';

/** How many pods a rollout may have more, and fewer, than asked for. */
export function fenceposts(deployment: Deployment): { surge: number; unavailable: number } {
  if (isRecreate(deployment)) return { surge: 0, unavailable: desiredReplicas(deployment) };
  const { maxSurge = '25%', maxUnavailable = '25%' } =
    deployment.spec?.strategy?.rollingUpdate ?? {};
  const replicas = desiredReplicas(deployment);
  const { surge, unavailable } = resolveFenceposts(maxSurge, maxUnavailable, replicas);
  return { surge, unavailable: Math.min(unavailable, replicas) };
}

export const revisionOf = (replicaSet: ReplicaSet): number =>
  Number(replicaSet.metadata?.annotations?.[revisionAnnotation] ?? 0) || 0;

/** Oldest first; names decide between those of one second. */
export function byAge(replicaSets: readonly ReplicaSet[]): ReplicaSet[] {
  const age = ({ metadata }: ReplicaSet): number => parseTime(metadata?.creationTimestamp) ?? 0;
  const name = ({ metadata }: ReplicaSet): string => metadata?.name ?? '';
  return [...replicaSets].sort(
    (a, b) => age(a) - age(b) || revisionOf(a) - revisionOf(b) || (name(a) < name(b) ? -1 : 1),
  );
}

/** The ReplicaSet of the Deployment's present template, and the others. */
export function splitByTemplate(
  deployment: Deployment,
  replicaSets: readonly ReplicaSet[],
): { current: ReplicaSet | undefined; old: readonly ReplicaSet[] } {
  const wanted = withoutHash(deployment.spec?.template);
  const sorted = byAge(replicaSets);
  const current = sorted.find(({ spec }) => equalJson(withoutHash(spec?.template), wanted));
  return { current, old: sorted.filter((replicaSet) => replicaSet !== current) };
}

function withoutHash(template: PodTemplateSpec | undefined): object {
  const { [hashLabel]: _hash, ...labels } = template?.metadata?.labels ?? {};
  return { ...template, metadata: { ...template?.metadata, labels } };
}

/** The ReplicaSet for the Deployment's present template. */
export function newReplicaSet(
  deployment: Deployment,
  replicas: number,
  revision: number,
): ReplicaSet {
  const { metadata = {}, spec, status } = deployment;
  const template: PodTemplateSpec = spec?.template ?? {};
  const hash = podTemplateHash(template, status?.collisionCount ?? 0);
  const labels = { ...template.metadata?.labels, [hashLabel]: hash };
  const draft: ReplicaSet = {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: `${metadata.name}-${hash}`,
      ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
      labels,
      ownerReferences: [newControllerRef(deployment, { ...refs.deployments, kind: 'Deployment' })],
    },
    spec: {
      replicas,
      minReadySeconds: spec?.minReadySeconds ?? 0,
      selector: {
        ...spec?.selector,
        matchLabels: { ...spec?.selector?.matchLabels, [hashLabel]: hash },
      },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
  return annotated(draft, deployment, revision);
}

/** With the Deployment's annotations, its size and the revision written on it. */
export function annotated(
  replicaSet: ReplicaSet,
  deployment: Deployment,
  revision: number,
): ReplicaSet {
  const inherited = Object.entries(deployment.metadata?.annotations ?? {}).filter(
    ([key]) => !notCopied.has(key),
  );
  const annotations = {
    ...replicaSet.metadata?.annotations,
    ...Object.fromEntries(inherited),
    [revisionAnnotation]: String(revision),
  };
  return withSize({ ...replicaSet, metadata: { ...replicaSet.metadata, annotations } }, deployment);
}

/** With the Deployment's present size written on it: a later difference is a scaling. */
export function withSize(replicaSet: ReplicaSet, deployment: Deployment): ReplicaSet {
  const desired = desiredReplicas(deployment);
  const annotations = {
    ...replicaSet.metadata?.annotations,
    [desiredAnnotation]: String(desired),
    [maxAnnotation]: String(desired + fenceposts(deployment).surge),
  };
  return { ...replicaSet, metadata: { ...replicaSet.metadata, annotations } };
}

export function scaled(
  replicaSet: ReplicaSet,
  replicas: number,
  deployment: Deployment,
): ReplicaSet {
  const spec = { ...replicaSet.spec, replicas } as NonNullable<ReplicaSet['spec']>;
  return withSize({ ...replicaSet, spec }, deployment);
}

/** The sizes written on a ReplicaSet when it was last scaled. */
export function sizeOn({ metadata }: ReplicaSet): { desired?: number; max?: number } {
  const { [desiredAnnotation]: desired, [maxAnnotation]: max } = metadata?.annotations ?? {};
  return {
    ...(desired !== undefined && { desired: Number(desired) }),
    ...(max !== undefined && { max: Number(max) }),
  };
}
