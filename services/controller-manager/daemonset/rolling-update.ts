import {
  type DaemonSet,
  isPodReady,
  isPodTerminal,
  parseTime,
  type Pod,
  scaledValue,
} from '#shared/api';
import { revisionLabel } from '../revisions.ts';

/** A node that should run the daemon, and its pods that are there. */
export interface DaemonNode {
  readonly node: string;
  readonly pods: readonly Pod[];
}

/** What a step of an update judges pods by. */
export interface PodTests {
  readonly updated: (pod: Pod) => boolean;
  readonly available: (pod: Pod) => boolean;
}

export interface UpdateStep {
  /** Nodes that get a pod of the present template. */
  readonly create: readonly string[];
  readonly remove: readonly Pod[];
}

export const isLeaving = ({ metadata }: Pod): boolean => metadata?.deletionTimestamp !== undefined;
export const isOfRevision = ({ metadata }: Pod, hash: string): boolean =>
  metadata?.labels?.[revisionLabel] === hash;
export const oldestFirst = (pods: readonly Pod[]): Pod[] =>
  [...pods].sort((a, b) => age(a) - age(b));
const age = ({ metadata }: Pod): number => parseTime(metadata?.creationTimestamp) ?? 0;

/** Brings the nodes one step nearer to one pod each, of the present template as the strategy allows. */
export function updateStep(
  set: DaemonSet,
  nodes: readonly DaemonNode[],
  tests: PodTests,
): UpdateStep {
  const { type, rollingUpdate } = set.spec?.updateStrategy ?? {};
  const share = (value: number | string): number => scaledValue(value, nodes.length, 'up');
  const rolling = type === 'RollingUpdate';
  const surge = rolling ? share(rollingUpdate?.maxSurge ?? 0) : 0;
  if (surge > 0) return surgeStep(nodes, surge, tests);
  const excess = nodes.flatMap(({ pods }) => oldestFirst(pods.filter(isRunning)).slice(1));
  if (!rolling) return { create: [], remove: excess };
  const limit = Math.max(share(rollingUpdate?.maxUnavailable ?? 1), 1);
  return { create: [], remove: [...excess, ...replaced(nodes, limit, tests)] };
}

const isRunning = (pod: Pod): boolean => !isLeaving(pod) && !isPodTerminal(pod);

/** Pods of older templates: as many as may be unavailable, those first that are of no use anyway. */
function replaced(
  nodes: readonly DaemonNode[],
  limit: number,
  { updated, available }: PodTests,
): Pod[] {
  const unavailable = nodes.filter(({ pods }) => !pods.some(available)).length;
  const old = nodes.flatMap(({ pods }) => pods.filter((pod) => !isLeaving(pod) && !updated(pod)));
  const useless = old.filter((pod) => !available(pod));
  const useful = oldestFirst(old.filter(available));
  return [...useless, ...useful.slice(0, Math.max(limit - unavailable, 0))];
}

/**
 * New pods beside available old ones, `limit` of them under way at once; an old pod leaves when its
 * successor is available, or when it is not ready anyway. An old pod that is not available gets its
 * successor at once, whatever the limit.
 */
function surgeStep(
  nodes: readonly DaemonNode[],
  limit: number,
  { updated, available }: PodTests,
): UpdateStep {
  const due: string[] = [];
  const candidates: string[] = [];
  const remove: Pod[] = [];
  let surging = 0;
  for (const { node, pods } of nodes) {
    const running = oldestFirst(pods.filter(isRunning));
    const [next, ...excessNew] = running.filter(updated);
    const [old, ...excessOld] = running.filter((pod) => !updated(pod));
    remove.push(...excessNew, ...excessOld);
    if (!old) continue;
    if (!next) (available(old) ? candidates : due).push(node);
    else if (available(next) || !isPodReady(old)) remove.push(old);
    else surging++;
  }
  return { create: [...due, ...candidates.slice(0, Math.max(limit - surging, 0))], remove };
}
