import { type ScorePlugin, scaled } from './plugin.ts';

/** Prefers nodes with fewer pods of the same controller: a node's loss then takes few of them. */
export const spread: ScorePlugin = {
  name: 'PodTopologySpread',
  weight: 2,
  score({ owner }, nodes) {
    if (owner === undefined) return nodes.map(() => 0);
    const counts = nodes.map(
      ({ pods }) => [...pods.values()].filter((pod) => pod.owner === owner).length,
    );
    return scaled(counts, true);
  },
};
