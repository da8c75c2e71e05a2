import {
  allowsNode,
  type DaemonSet,
  isPodAvailable,
  isPodReady,
  isPodTerminal,
  type Node,
  type Pod,
  type PodSpec,
  type Toleration,
  tolerates,
} from '#shared/api';
import {
  type DaemonNode,
  isLeaving,
  isOfRevision,
  oldestFirst,
  type PodTests,
  updateStep,
} from './rolling-update.ts';

/** What its pods put up with, whatever their template says; Kubernetes' list. */
const daemonTolerations: readonly Toleration[] = [
  { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/unreachable', operator: 'Exists', effect: 'NoExecute' },
  { key: 'node.kubernetes.io/disk-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/pid-pressure', operator: 'Exists', effect: 'NoSchedule' },
  { key: 'node.kubernetes.io/unschedulable', operator: 'Exists', effect: 'NoSchedule' },
];

export interface DaemonPlan {
  /** Nodes that get a pod. */
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
  readonly status: NonNullable<DaemonSet['status']>;
}

interface Placement {
  readonly should: boolean;
  readonly mayStay: boolean;
}

export const nodeNameField = 'metadata.name';

/** The spec of a pod that runs on just this node, through the scheduler. */
export function daemonPodSpec(spec: PodSpec, node: string): PodSpec {
  const matchFields = [{ key: nodeNameField, operator: 'In', values: [node] }];
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const terms = required?.nodeSelectorTerms ?? [{}];
  const network = spec.hostNetwork
    ? [{ key: 'node.kubernetes.io/network-unavailable', operator: 'Exists', effect: 'NoSchedule' }]
    : [];
  return {
    ...spec,
    affinity: {
      ...spec.affinity,
      nodeAffinity: {
        ...spec.affinity?.nodeAffinity,
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: terms.map((term) => ({ ...term, matchFields })),
        },
      },
    },
    tolerations: [...(spec.tolerations ?? []), ...daemonTolerations, ...network],
  };
}

/** Which node a pod runs on, or is meant for. */
export function nodeOf({ spec }: Pod): string | undefined {
  if (spec?.nodeName) return spec.nodeName;
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const fields = required?.nodeSelectorTerms[0]?.matchFields ?? [];
  return fields.find(({ key }) => key === nodeNameField)?.values?.[0];
}

/** What gives every node its pod, of the present template as far as the strategy lets go. */
export function planDaemons(
  set: DaemonSet,
  pods: readonly Pod[],
  nodes: readonly Node[],
  hash: string,
  nowMs: number,
): DaemonPlan {
  const byNode = Map.groupBy(pods, (pod) => nodeOf(pod) ?? '');
  const create: string[] = [];
  // One that is bound may still run there, and its node come again: it is collected with its node, or stays.
  const remove: Pod[] = pods.filter(
    (pod) =>
      !isLeaving(pod) &&
      !pod.spec?.nodeName &&
      !nodes.some(({ metadata }) => metadata?.name === nodeOf(pod)),
  );
  const wanted: DaemonNode[] = [];
  let misscheduled = 0;
  for (const node of nodes) {
    const name = node.metadata?.name ?? '';
    const here = byNode.get(name) ?? [];
    const { should, mayStay } = placement(set, node);
    if (should) {
      wanted.push({ node: name, pods: here });
      remove.push(...here.filter((pod) => !isLeaving(pod) && isPodTerminal(pod)));
      if (here.length === 0) create.push(name);
    } else {
      if (here.length > 0) misscheduled++;
      if (!mayStay) remove.push(...here.filter((pod) => !isLeaving(pod)));
    }
  }
  const minReadySeconds = set.spec?.minReadySeconds ?? 0;
  const tests: PodTests = {
    updated: (pod) => isOfRevision(pod, hash),
    available: (pod) => !isLeaving(pod) && isPodAvailable(pod, minReadySeconds, nowMs),
  };
  const step = updateStep(set, wanted, tests);
  return {
    create: [...create, ...step.create],
    remove: [...new Set([...remove, ...step.remove])],
    status: {
      ...statusOf(wanted, tests),
      numberMisscheduled: misscheduled,
      observedGeneration: set.metadata?.generation ?? 0,
    },
  };
}

/** Counts nodes, each by its oldest pod that stays: one surged beside it does not count yet. */
function statusOf(
  wanted: readonly DaemonNode[],
  { updated, available }: PodTests,
): Omit<DaemonPlan['status'], 'numberMisscheduled'> {
  const counted = wanted.flatMap(({ pods }) =>
    [...oldestFirst(pods.filter((pod) => !isLeaving(pod))), ...pods].slice(0, 1),
  );
  const numberAvailable = counted.filter(available).length;
  return {
    desiredNumberScheduled: wanted.length,
    currentNumberScheduled: counted.length,
    numberReady: counted.filter((pod) => !isLeaving(pod) && isPodReady(pod)).length,
    updatedNumberScheduled: counted.filter(updated).length,
    numberAvailable,
    numberUnavailable: wanted.length - numberAvailable,
  };
}

/** Whether a node should run the pod, and whether one that is there may stay. */
function placement({ spec }: DaemonSet, node: Node): Placement {
  const template = spec?.template.spec;
  if (!template || !allowsNode(template, node)) return { should: false, mayStay: false };
  if (template.nodeName && template.nodeName !== node.metadata?.name) {
    return { should: false, mayStay: false };
  }
  const tolerations = [...(template.tolerations ?? []), ...daemonTolerations];
  const bad = (node.spec?.taints ?? []).filter(
    (taint) => !tolerations.some((toleration) => tolerates(toleration, taint)),
  );
  const expels = bad.some(({ effect }) => effect === 'NoExecute');
  const repels = bad.some(({ effect }) => effect === 'NoSchedule');
  return { should: !expels && !repels, mayStay: !expels };
}
