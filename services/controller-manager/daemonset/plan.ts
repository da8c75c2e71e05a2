import {
  allowsNode,
  type DaemonSet,
  isPodAvailable,
  isPodReady,
  isPodTerminal,
  type Node,
  parseTime,
  type Pod,
  type PodSpec,
  scaledValue,
  type Toleration,
  tolerates,
} from '#shared/api';
import { revisionLabel } from '../revisions.ts';

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
  const remove: Pod[] = pods.filter(
    (pod) => !isLeaving(pod) && !nodes.some(({ metadata }) => metadata?.name === nodeOf(pod)),
  );
  const wanted: { node: string; pods: readonly Pod[] }[] = [];
  let misscheduled = 0;
  for (const node of nodes) {
    const name = node.metadata?.name ?? '';
    const here = byNode.get(name) ?? [];
    const { should, mayStay } = placement(set, node);
    if (should) {
      wanted.push({ node: name, pods: here });
      const staying = here.filter((pod) => !isLeaving(pod));
      const running = staying.filter((pod) => !isPodTerminal(pod)).sort((a, b) => age(a) - age(b));
      remove.push(...staying.filter(isPodTerminal), ...running.slice(1));
      if (here.length === 0) create.push(name);
    } else {
      if (here.length > 0) misscheduled++;
      if (!mayStay) remove.push(...here.filter((pod) => !isLeaving(pod)));
    }
  }
  const minReadySeconds = set.spec?.minReadySeconds ?? 0;
  const available = (pod: Pod): boolean =>
    !isLeaving(pod) && isPodAvailable(pod, minReadySeconds, nowMs);
  remove.push(...rollingRemovals(set, wanted, hash, available));
  const current = wanted.filter(({ pods }) => pods.length > 0);
  const count = (test: (pod: Pod) => boolean): number =>
    current.filter(({ pods }) => pods.some(test)).length;
  const numberAvailable = count(available);
  return {
    create,
    remove: [...new Set(remove)],
    status: {
      desiredNumberScheduled: wanted.length,
      currentNumberScheduled: current.length,
      numberMisscheduled: misscheduled,
      numberReady: count((pod) => !isLeaving(pod) && isPodReady(pod)),
      updatedNumberScheduled: count((pod) => isOf(pod, hash)),
      numberAvailable,
      numberUnavailable: wanted.length - numberAvailable,
      observedGeneration: set.metadata?.generation ?? 0,
    },
  };
}

const isLeaving = ({ metadata }: Pod): boolean => metadata?.deletionTimestamp !== undefined;
const isOf = ({ metadata }: Pod, hash: string): boolean =>
  metadata?.labels?.[revisionLabel] === hash;

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

/** Pods of older templates: as many as may be unavailable, those first that are of no use anyway. */
function rollingRemovals(
  set: DaemonSet,
  wanted: readonly { readonly pods: readonly Pod[] }[],
  hash: string,
  available: (pod: Pod) => boolean,
): Pod[] {
  const { type, rollingUpdate } = set.spec?.updateStrategy ?? {};
  if (type !== 'RollingUpdate') return [];
  const limit = Math.max(scaledValue(rollingUpdate?.maxUnavailable ?? 1, wanted.length, 'up'), 1);
  let unavailable = 0;
  const old: Pod[] = [];
  for (const { pods } of wanted) {
    if (!pods.some(available)) unavailable++;
    old.push(...pods.filter((pod) => !isLeaving(pod) && !isOf(pod, hash)));
  }
  const useless = old.filter((pod) => !available(pod));
  const useful = old.filter(available).sort((a, b) => age(a) - age(b));
  return [...useless, ...useful.slice(0, Math.max(limit - unavailable, 0))];
}

const age = ({ metadata }: Pod): number => parseTime(metadata?.creationTimestamp) ?? 0;
