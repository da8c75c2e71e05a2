import type { NodeInfo, PodInfo } from '../node-info.ts';
import { type FilterPlugin, maxScore, type ScorePlugin } from './plugin.ts';

const scoredResources = ['cpu', 'memory'] as const;

/** What a node has left for each pod's requests; prefers nodes with more left. */
export const nodeResourcesFit: FilterPlugin & ScorePlugin = {
  name: 'NodeResourcesFit',
  weight: 1,
  wakesOn: ['node-changed', 'pod-removed'],
  filter({ requests }, { allocatable, requested, pods }) {
    const reasons: string[] = [];
    if (pods.size + 1 > (allocatable['pods'] ?? Number.POSITIVE_INFINITY)) {
      reasons.push('Too many pods');
    }
    for (const [name, amount] of Object.entries(requests)) {
      const left = (allocatable[name] ?? 0) - (requested[name] ?? 0);
      if (amount > 0 && amount > left) reasons.push(`Insufficient ${name}`);
    }
    return reasons;
  },
  score: (pod, nodes) =>
    nodes.map((node) => {
      const shares = usedShares(pod, node).map((used) => maxScore * (1 - used));
      return shares.reduce((sum, share) => sum + share, 0) / Math.max(1, shares.length);
    }),
};

/** Prefers nodes whose resources would be used up evenly. */
export const balancedAllocation: ScorePlugin = {
  name: 'NodeResourcesBalancedAllocation',
  weight: 1,
  score: (pod, nodes) =>
    nodes.map((node) => {
      const [cpu = 0, memory = cpu] = usedShares(pod, node);
      return maxScore * (1 - Math.abs(cpu - memory) / 2);
    }),
};

/** From 0 to 1 for each scored resource that the node has, the pod counted in. */
function usedShares(pod: PodInfo, { allocatable, scoringRequested }: NodeInfo): number[] {
  return scoredResources
    .map((name) => [name, allocatable[name] ?? 0] as const)
    .filter(([, total]) => total > 0)
    .map(([name, total]) => {
      const used = (scoringRequested[name] ?? 0) + (pod.scoringRequests[name] ?? 0);
      return Math.min(1, used / total);
    });
}
