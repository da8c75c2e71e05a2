import type { NodeInfo, PodInfo } from '../node-info.ts';
import { perDecision } from './per-decision.ts';
import { type FilterPlugin, maxScore, type ScorePlugin } from './plugin.ts';
import type { PodTerm } from '../pod-terms.ts';
import { Topology } from './topology.ts';

/** In Kubernetes' words: nobody is there whom the pod wants beside it. */
export const notDrawn = "node(s) didn't match pod affinity rules";

/** Where the pods are that matter to one that looks for a place. */
interface Others {
  /** Those that all of its affinity terms want; undefined while there are none. */
  readonly wanted: Topology | undefined;
  readonly unwanted: Topology;
  /** Those that do not want it beside them. */
  readonly unwilling: Topology;
}

const othersOf = perDecision((pod: PodInfo, nodes: readonly NodeInfo[]): Others | undefined => {
  const { affinity, antiAffinity } = pod.terms;
  const asks = affinity.length + antiAffinity.length > 0;
  if (!asks && !nodes.some(({ guarded }) => guarded > 0)) return undefined;
  const wanted = new Topology();
  const unwanted = new Topology();
  const unwilling = new Topology();
  const count = (topology: Topology, terms: readonly PodTerm[], node: NodeInfo): void => {
    for (const { topologyKey } of terms) topology.add(topologyKey, node);
  };
  for (const node of nodes) {
    if (!asks && node.guarded === 0) continue;
    for (const other of node.pods.values()) {
      if (affinity.length > 0 && affinity.every(({ matches }) => matches(other.pod))) {
        count(wanted, affinity, node);
      }
      const against = antiAffinity.filter(({ matches }) => matches(other.pod));
      count(unwanted, against, node);
      const refusing = other.terms.antiAffinity.filter(({ matches }) => matches(pod.pod));
      count(unwilling, refusing, node);
    }
  }
  return { wanted: wanted.size > 0 ? wanted : undefined, unwanted, unwilling };
});

/** Keeps pods together, and apart, that ask for it of each other: affinity and anti-affinity. */
export const interPodAffinity: FilterPlugin & ScorePlugin = {
  name: 'InterPodAffinity',
  weight: 2,
  wakesOn: ['node-changed', 'pod-removed', 'pod-placed'],
  filter(pod, node, nodes) {
    const others = othersOf(pod, nodes);
    if (!others) return [];
    if (!isDrawn(pod, node, others.wanted)) return [notDrawn];
    if (others.unwanted.reaches(node)) return ["node(s) didn't match pod anti-affinity rules"];
    if (!others.unwilling.reaches(node)) return [];
    return ["node(s) didn't satisfy existing pods anti-affinity rules"];
  },
  score({ terms: { preferred } }, nodes) {
    if (preferred.length === 0) return nodes.map(() => 0);
    const drawn = preferred.map(({ weight, term: { topologyKey, matches } }) => {
      const topology = new Topology();
      for (const node of nodes) {
        const count = [...node.pods.values()].filter(({ pod }) => matches(pod)).length;
        if (count > 0) topology.add(topologyKey, node, weight * count);
      }
      return (node: NodeInfo): number => topology.at(topologyKey, node);
    });
    return spreadOut(nodes.map((node) => drawn.reduce((sum, at) => sum + at(node), 0)));
  },
};

/** The first of a group that wants to be together may be anywhere with the label. */
function isDrawn(pod: PodInfo, node: NodeInfo, wanted: Topology | undefined): boolean {
  const { affinity } = pod.terms;
  const labels = node.node.metadata?.labels ?? {};
  if (!affinity.every(({ topologyKey }) => topologyKey in labels)) return false;
  if (wanted) return affinity.every(({ topologyKey }) => wanted.at(topologyKey, node) > 0);
  return affinity.every(({ matches }) => matches(pod.pod));
}

/** The lowest gets 0, the highest 100. */
function spreadOut(values: readonly number[]): readonly number[] {
  const least = Math.min(...values);
  const most = Math.max(...values);
  return values.map((value) => (most > least ? (maxScore * (value - least)) / (most - least) : 0));
}
