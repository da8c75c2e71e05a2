import type { Rng } from '#shared/base';
import { type NodeInfo, type PodInfo, withoutPromised } from './node-info.ts';
import { filterPlugins, scorePlugins } from './plugins/registry.ts';

/** Why one node was refused. */
export interface Verdict {
  readonly node: string;
  readonly plugin: string;
  readonly reasons: readonly string[];
  /** It is the pod's own trouble, on whatever node. */
  readonly ofPod?: boolean;
}

export type Decision =
  | { readonly node: string; readonly score: number }
  | { readonly node: undefined; readonly verdicts: readonly Verdict[] };

/**
 * The place for a pod: filter, then score; between equals the generator chooses. Where room was
 * made for it, `nominated`, it goes if it fits.
 */
export function decide(
  pod: PodInfo,
  nodes: readonly NodeInfo[],
  rng: Rng,
  nominated?: string,
): Decision {
  const promised = nodes.find(({ name }) => name === nominated);
  if (promised && !refusal(pod, promised, nodes)) return { node: promised.name, score: 0 };
  const verdicts: Verdict[] = [];
  const feasible: NodeInfo[] = [];
  for (const node of nodes) {
    const verdict = refusal(pod, node, nodes);
    if (verdict) verdicts.push(verdict);
    else feasible.push(node);
  }
  const scores = totalScores(pod, feasible);
  const best = Math.max(...scores);
  const candidates = feasible.filter((_, i) => scores[i] === best);
  const chosen = candidates[rng.int(Math.max(1, candidates.length))];
  return chosen ? { node: chosen.name, score: best } : { node: undefined, verdicts };
}

/**
 * The first plugin's that says no. As in Kubernetes the pod has to fit both with those that nodes are
 * promised to, for room is kept for them, and without: nobody is beside one that may never come.
 */
export function refusal(
  pod: PodInfo,
  node: NodeInfo,
  nodes: readonly NodeInfo[],
): Verdict | undefined {
  const refused = refusalAmong(pod, node, nodes);
  const present = presentOf(nodes);
  if (refused || present === nodes) return refused;
  return refusalAmong(pod, withoutPromised(node), present);
}

/** Worked out once for each list: the plugins know it by its identity. */
const presentLists = new WeakMap<readonly NodeInfo[], readonly NodeInfo[]>();

function presentOf(nodes: readonly NodeInfo[]): readonly NodeInfo[] {
  const known = presentLists.get(nodes);
  if (known) return known;
  const anyPromised = nodes.some(({ promised }) => promised.size > 0);
  const present = anyPromised ? nodes.map(withoutPromised) : nodes;
  presentLists.set(nodes, present);
  return present;
}

function refusalAmong(
  pod: PodInfo,
  node: NodeInfo,
  nodes: readonly NodeInfo[],
): Verdict | undefined {
  for (const plugin of filterPlugins) {
    const reasons = plugin.filter(pod, node, nodes);
    if (reasons.length === 0) continue;
    const ofPod = reasons[0] === pod.claims.problem;
    return { node: node.name, plugin: plugin.name, reasons, ofPod };
  }
  return undefined;
}

function totalScores(pod: PodInfo, nodes: readonly NodeInfo[]): readonly number[] {
  const totals = nodes.map(() => 0);
  for (const plugin of scorePlugins) {
    for (const [i, score] of plugin.score(pod, nodes).entries()) {
      // In whole points, as Kubernetes scores: rounding noise must not decide.
      totals[i] = (totals[i] ?? 0) + Math.floor(score) * plugin.weight;
    }
  }
  return totals;
}
