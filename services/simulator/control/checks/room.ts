import type { Container, DaemonSet, Node, Pod, Taint, Toleration } from '#shared/api';
import { nameOf } from './metadata.ts';
import type { ObjectHistory } from './objects.ts';

// Written anew: what a checker shares with whom it judges, it cannot judge.

/** Of a node, in thousandths of a processor. */
export const roomOf = ({ status }: Node): number =>
  Number(status?.allocatable?.['cpu'] ?? 0) * 1000;

/** What a pod asks for, in thousandths of a processor. */
export function millicores({ spec }: Pod): number {
  const sumOf = (containers: readonly Container[]): number =>
    containers.reduce((sum, each) => sum + askedBy(each), 0);
  const { containers = [], initContainers = [] } = spec ?? {};
  // Those that go on run beside all that come after them, the others one after the other.
  const goesOn = ({ restartPolicy }: Container): boolean => restartPolicy === 'Always';
  const starting = initContainers.map(
    (each, i) => askedBy(each) + sumOf(initContainers.slice(0, i).filter(goesOn)),
  );
  return Math.max(sumOf([...containers, ...initContainers.filter(goesOn)]), ...starting);
}

function askedBy({ resources }: Container): number {
  const cpu = resources?.requests?.['cpu'] ?? '0';
  return cpu.endsWith('m') ? Number(cpu.slice(0, -1)) : Number(cpu) * 1000;
}

/** It is to get no node yet. */
export const isHeldBack = ({ spec }: Pod): boolean => (spec?.schedulingGates ?? []).length > 0;

/** Where the pod is. */
export const nodeOf = (objects: ObjectHistory, { spec }: Pod): Node | undefined =>
  objects.all<Node>('nodes').find((node) => nameOf(node) === spec?.nodeName);

/** What decides which pods a node takes. */
export function isSamePlace(before: Node | undefined, after: Node | undefined): boolean {
  const place = ({ spec, metadata }: Node) => JSON.stringify([spec, metadata?.labels]);
  return before !== undefined && after !== undefined && place(before) === place(after);
}

/** The first taint that keeps the pod from being put on the node; a cordon is one. */
export function repelling(pod: Pick<Pod, 'spec'>, { spec }: Node): Taint | undefined {
  const cordon: Taint = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };
  const taints = spec?.unschedulable ? [...(spec.taints ?? []), cordon] : (spec?.taints ?? []);
  const tolerations = pod.spec?.tolerations ?? [];
  return taints.find(
    (taint) =>
      taint.effect !== 'PreferNoSchedule' &&
      !tolerations.some((toleration) => isTolerated(taint, toleration)),
  );
}

/** A pod may not stay there. */
export function expels({ spec }: Node, pod: Pick<Pod, 'spec'>): boolean {
  const taints = (spec?.taints ?? []).filter(({ effect }) => effect === 'NoExecute');
  return repelling(pod, { spec: { taints } }) !== undefined;
}

export function isTolerated(taint: Taint, { key, operator, value, effect }: Toleration): boolean {
  if (effect && effect !== taint.effect) return false;
  if (key && key !== taint.key) return false;
  return operator === 'Exists' || (value ?? '') === (taint.value ?? '');
}

/** Where a pod that is meant for one node has to go. */
export function meantFor({ spec }: Pod): string | undefined {
  const required = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const fields = (required?.nodeSelectorTerms ?? []).flatMap(({ matchFields = [] }) => matchFields);
  return fields.find(({ key }) => key === 'metadata.name')?.values?.[0];
}

/** The node has the labels that the pod chooses its node by. */
export function isChosen({ spec }: Pick<Pod, 'spec'>, { metadata }: Node): boolean {
  const labels = metadata?.labels ?? {};
  const plain = Object.entries(spec?.nodeSelector ?? {});
  const terms =
    spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return (
    plain.every(([key, value]) => labels[key] === value) &&
    (terms?.some(({ matchExpressions = [] }) =>
      matchExpressions.every((one) => holds(one, labels[one.key])),
    ) ??
      true)
  );
}

/**
 * Whether a DaemonSet, as it is now, is to have a pod on the node: one of an older template may tolerate more, or
 * less. What its controller adds to the tolerations of the template is in every pod of it.
 */
export function isDaemonPlace({ spec }: DaemonSet, pod: Pod, node: Node): boolean {
  const added = (pod.spec?.tolerations ?? []).filter(({ key = '' }) =>
    key.startsWith('node.kubernetes.io/'),
  );
  const template = spec?.template ?? {};
  const tolerations = [...(template.spec?.tolerations ?? []), ...added];
  return isChosen(template, node) && !repelling({ spec: { containers: [], tolerations } }, node);
}

function holds(
  { operator, values = [] }: { readonly operator: string; readonly values?: readonly string[] },
  value: string | undefined,
): boolean {
  if (operator === 'Exists') return value !== undefined;
  if (operator === 'In') return value !== undefined && values.includes(value);
  // Users here ask for no other.
  return value === undefined || !values.includes(value);
}

/** Ports of the node that the pod takes for itself. */
export const hostPorts = ({ spec }: Pod): number[] =>
  (spec?.containers ?? []).flatMap(({ ports = [] }) =>
    ports.flatMap(({ hostPort }) => (hostPort ? [hostPort] : [])),
  );
