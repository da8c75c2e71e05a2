import { allowsNode, matchesNodeTerm } from '#shared/api';
import { type FilterPlugin, type ScorePlugin, scaled } from './plugin.ts';

/** nodeSelector and node affinity: required terms filter, preferred ones score. */
export const nodeAffinity: FilterPlugin & ScorePlugin = {
  name: 'NodeAffinity',
  weight: 2,
  wakesOn: ['node-changed'],
  filter({ pod }, { node }) {
    if (allowsNode(pod.spec ?? { containers: [] }, node)) return [];
    return ["node(s) didn't match Pod's node affinity/selector"];
  },
  score({ pod }, nodes) {
    const preferred =
      pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    const weights = nodes.map(({ node }) =>
      preferred
        .filter(({ preference }) => matchesNodeTerm(preference, node))
        .reduce((sum, { weight }) => sum + weight, 0),
    );
    return scaled(weights);
  },
};
