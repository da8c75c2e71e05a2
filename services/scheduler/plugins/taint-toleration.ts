import { type FilterPlugin, type ScorePlugin, scaled } from './plugin.ts';
import { untolerated } from './taints.ts';

/** Keeps pods off nodes whose NoSchedule and NoExecute taints they do not tolerate. */
export const taintToleration: FilterPlugin & ScorePlugin = {
  name: 'TaintToleration',
  weight: 3,
  wakesOn: ['node-changed'],
  filter({ pod }, { node }) {
    const effects = ['NoSchedule', 'NoExecute'];
    const [taint] = untolerated(node.spec?.taints, pod.spec?.tolerations, effects);
    return taint ? [`node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`] : [];
  },
  score({ pod }, nodes) {
    const counts = nodes.map(
      ({ node }) =>
        untolerated(node.spec?.taints, pod.spec?.tolerations, ['PreferNoSchedule']).length,
    );
    return scaled(counts, true);
  },
};
