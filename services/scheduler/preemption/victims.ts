import type { PodDisruptionBudget } from '#shared/api';
import { refusal, type Verdict } from '../decide.ts';
import { type NodeInfo, type PodInfo, uidOf, withoutPod, withPod } from '../node-info.ts';
import { splitByBudget } from './budgets.ts';

/** What has to go from a node so that a pod fits there. */
export interface Victims {
  readonly node: string;
  /** The most important first. */
  readonly pods: readonly PodInfo[];
  /** How many of them their budgets do not allow to go. */
  readonly violations: number;
}

export const noVictims = 'No preemption victims found for incoming pod';

/** The fewest and least important pods of lower priority whose end lets the pod in, or why none do. */
export function victimsOn(
  pod: PodInfo,
  node: NodeInfo,
  nodes: readonly NodeInfo[],
  budgets: readonly PodDisruptionBudget[],
): Victims | readonly string[] {
  const lower = [...node.pods.values()].filter(({ priority }) => priority < pod.priority);
  if (lower.length === 0) return [noVictims];
  let left = lower.reduce((info, each) => withoutPod(info, uidOf(each)), node);
  const refused = refusalOn(pod, left, nodes);
  if (refused) return refused.reasons;
  const victims: PodInfo[] = [];
  /** Those that fit besides stay; how many do not. */
  const spare = (pods: readonly PodInfo[]): number => {
    const before = victims.length;
    for (const each of pods) {
      const kept = withPod(left, each);
      if (refusalOn(pod, kept, nodes)) victims.push(each);
      else left = kept;
    }
    return victims.length - before;
  };
  const { violating, covered } = splitByBudget(lower.toSorted(moreImportantFirst), budgets);
  const violations = spare(violating);
  spare(covered);
  return { node: node.name, pods: victims.toSorted(moreImportantFirst), violations };
}

/** As if the node of that name were like this. */
export const refusalOn = (
  pod: PodInfo,
  node: NodeInfo,
  nodes: readonly NodeInfo[],
): Verdict | undefined =>
  refusal(
    pod,
    node,
    nodes.map((each) => (each.name === node.name ? node : each)),
  );

/** The higher priority, then the longer run. */
const moreImportantFirst = (a: PodInfo, b: PodInfo): number =>
  b.priority - a.priority || startOf(a) - startOf(b);

/** One that has not started is the newest. */
export function startOf({ pod }: PodInfo): number {
  const { startTime } = pod.status ?? {};
  return startTime ? Date.parse(startTime) : Number.MAX_SAFE_INTEGER;
}
