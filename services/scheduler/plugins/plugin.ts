import type { NodeInfo, PodInfo } from '../node-info.ts';

/** What happened in the cluster that may make room for a pod. */
export type ClusterEvent = 'node-changed' | 'pod-placed' | 'pod-removed' | 'volume-changed';

/** Says whether a pod may run on a node. */
export interface FilterPlugin {
  readonly name: string;
  /** What can change its mind about a pod. */
  readonly wakesOn: readonly ClusterEvent[];
  /** Why not, in Kubernetes' words; empty where it may. The node is one of `nodes`. */
  filter(pod: PodInfo, node: NodeInfo, nodes: readonly NodeInfo[]): readonly string[];
}

/** Says which of the nodes that a pod may run on suits it best. */
export interface ScorePlugin {
  readonly name: string;
  readonly weight: number;
  /** For each node, in order: from 0 to 100, more is better. */
  score(pod: PodInfo, nodes: readonly NodeInfo[]): readonly number[];
}

export const maxScore = 100;

/** Scales so that the highest value gets 100, or with `reverse` 0, as Kubernetes' helper does. */
export function scaled(values: readonly number[], reverse = false): readonly number[] {
  const highest = Math.max(0, ...values);
  if (highest === 0) return values.map(() => (reverse ? maxScore : 0));
  return values.map((value) => {
    const share = (maxScore * value) / highest;
    return reverse ? maxScore - share : share;
  });
}
