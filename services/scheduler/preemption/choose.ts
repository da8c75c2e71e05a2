import type { PodDisruptionBudget } from '#shared/api';
import { emptyNodeInfo, type NodeInfo, type PodInfo } from '../node-info.ts';
import { notDrawn } from '../plugins/inter-pod-affinity.ts';
import { refusalOn, startOf, type Victims, victimsOn } from './victims.ts';

/** Where room can be made, or for each node why not. */
export type Choice =
  | { readonly victims: Victims }
  | { readonly victims: undefined; readonly reasons: readonly string[] };

const unhelpful = 'Preemption is not helpful for scheduling';

/** In large clusters Kubernetes looks at a part: a tenth of the nodes, but no fewer than these. */
const leastCandidates = 100;

/** The node where a pod's coming costs least: what has to go from it, by Kubernetes' rules. */
export function chooseVictims(
  pod: PodInfo,
  nodes: readonly NodeInfo[],
  budgets: readonly PodDisruptionBudget[],
): Choice {
  const enough = Math.max(leastCandidates, nodes.length / 10);
  const candidates: Victims[] = [];
  const reasons: string[] = [];
  for (const node of nodes) {
    if (candidates.length >= enough) break;
    const found = isHopeless(pod, node, nodes) ? [unhelpful] : victimsOn(pod, node, nodes, budgets);
    if ('pods' in found) candidates.push(found);
    else reasons.push(...found);
  }
  const [best] = candidates.map((victims) => ({ victims, cost: costOf(victims) })).sort(byCost);
  return best ? { victims: best.victims } : { victims: undefined, reasons };
}

/** What refuses the pod even on an empty node is not for lack of room: but whom it wants beside it may be there. */
function isHopeless(pod: PodInfo, node: NodeInfo, nodes: readonly NodeInfo[]): boolean {
  const alone = refusalOn(pod, emptyNodeInfo(node.node), nodes);
  if (!alone?.reasons.includes(notDrawn)) return alone !== undefined;
  return refusalOn(pod, node, nodes)?.reasons.includes(notDrawn) ?? false;
}

/** The first number that differs decides, the smaller is better. */
function costOf({ pods, violations }: Victims): readonly number[] {
  const priorities = pods.map(({ priority }) => priority);
  const highest = Math.max(...priorities);
  const starts = pods.filter(({ priority }) => priority === highest).map(startOf);
  return [
    violations,
    highest,
    // Each counts at least as one more, however low its priority.
    priorities.reduce((sum, priority) => sum + priority + 2 ** 31, 0),
    pods.length,
    -Math.min(...starts),
  ];
}

function byCost(a: { cost: readonly number[] }, b: { cost: readonly number[] }): number {
  const at = a.cost.findIndex((value, i) => value !== b.cost[i]);
  return at < 0 ? 0 : (a.cost[at] ?? 0) - (b.cost[at] ?? 0);
}
