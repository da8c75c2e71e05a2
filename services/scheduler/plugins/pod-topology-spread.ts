import { allowsNode, type Pod } from '#shared/api';
import type { NodeInfo, PodInfo } from '../node-info.ts';
import { perDecision } from './per-decision.ts';
import { type FilterPlugin, maxScore, type ScorePlugin, scaled } from './plugin.ts';
import { selectorMatcher } from '../pod-terms.ts';
import { untolerated } from './taints.ts';
import { Topology } from './topology.ts';

type Constraint = NonNullable<NonNullable<Pod['spec']>['topologySpreadConstraints']>[number];

interface Counted {
  readonly constraint: Constraint;
  /** Its pods by place, places without any among them. */
  readonly counts: Topology;
  /** 1 where the pod itself is one of them. */
  readonly self: number;
}

const mismatch = "node(s) didn't match pod topology spread constraints";

const constraintsOf = ({ pod }: PodInfo, unsatisfiable: string): Constraint[] =>
  (pod.spec?.topologySpreadConstraints ?? []).filter(
    ({ whenUnsatisfiable }) => whenUnsatisfiable === unsatisfiable,
  );

const hardCounts = perDecision((pod, nodes) =>
  countAll(pod, constraintsOf(pod, 'DoNotSchedule'), nodes),
);

/** Spreads pods over the places that labels of nodes make, as they say; others by their controller. */
export const podTopologySpread: FilterPlugin & ScorePlugin = {
  name: 'PodTopologySpread',
  weight: 2,
  wakesOn: ['node-changed', 'pod-removed', 'pod-placed'],
  filter(pod, node, nodes) {
    if (pod.pod.spec?.topologySpreadConstraints === undefined) return [];
    for (const { constraint, counts, self } of hardCounts(pod, nodes)) {
      const { topologyKey, maxSkew, minDomains = 1 } = constraint;
      if (node.node.metadata?.labels?.[topologyKey] === undefined) {
        return [`${mismatch} (missing required label)`];
      }
      const least = counts.size < minDomains ? 0 : counts.least();
      if (counts.at(topologyKey, node) + self - least > maxSkew) return [mismatch];
    }
    return [];
  },
  score(pod, nodes) {
    if (pod.pod.spec?.topologySpreadConstraints === undefined) return byOwner(pod, nodes);
    const soft = countAll(pod, constraintsOf(pod, 'ScheduleAnyway'), nodes);
    if (soft.length === 0) return nodes.map(() => 0);
    const crowds = nodes.map((node) =>
      soft.reduce(
        (sum, { constraint: { topologyKey, maxSkew }, counts }) =>
          // The more places there are, the more an uneven one counts.
          sum + counts.at(topologyKey, node) * Math.log(counts.size + 2) + maxSkew - 1,
        0,
      ),
    );
    const least = Math.min(...crowds);
    const most = Math.max(...crowds);
    return nodes.map((node, i) => {
      const labels = node.node.metadata?.labels ?? {};
      if (!soft.every(({ constraint }) => constraint.topologyKey in labels)) return 0;
      return most > 0 ? (maxScore * (most + least - (crowds[i] ?? 0))) / most : maxScore;
    });
  },
};

/** A pod that says nothing: a node's loss should take few of one controller. */
function byOwner({ owner }: PodInfo, nodes: readonly NodeInfo[]): readonly number[] {
  if (owner === undefined) return nodes.map(() => 0);
  const counts = nodes.map(
    ({ pods }) => [...pods.values()].filter((pod) => pod.owner === owner).length,
  );
  return scaled(counts, true);
}

/** Only nodes that have the labels of all constraints make places. */
function countAll(
  pod: PodInfo,
  constraints: readonly Constraint[],
  nodes: readonly NodeInfo[],
): Counted[] {
  const labelled = nodes.filter(({ node }) =>
    constraints.every(({ topologyKey }) => topologyKey in (node.metadata?.labels ?? {})),
  );
  return constraints.map((constraint) => {
    const isCounted = counter(pod, constraint);
    const counts = new Topology();
    for (const node of labelled) {
      if (!isEligible(pod, constraint, node)) continue;
      const count = [...node.pods.values()].filter((other) => isCounted(other.pod)).length;
      counts.add(constraint.topologyKey, node, count);
    }
    return { constraint, counts, self: isCounted(pod.pod) ? 1 : 0 };
  });
}

function counter({ pod }: PodInfo, constraint: Constraint): (other: Pod) => boolean {
  const { labelSelector, matchLabelKeys = [] } = constraint;
  const matcher = selectorMatcher(labelSelector);
  const { labels: own = {}, namespace } = pod.metadata ?? {};
  return ({ metadata: other = {} }) =>
    other.namespace === namespace &&
    other.deletionTimestamp === undefined &&
    matcher.matches(other.labels) &&
    matchLabelKeys.every((key) => !(key in own) || other.labels?.[key] === own[key]);
}

/** Whether a place that the pod could not have anyway counts. */
function isEligible({ pod }: PodInfo, constraint: Constraint, { node }: NodeInfo): boolean {
  const { nodeAffinityPolicy = 'Honor', nodeTaintsPolicy = 'Ignore' } = constraint;
  const { spec = { containers: [] } } = pod;
  if (nodeAffinityPolicy === 'Honor' && !allowsNode(spec, node)) return false;
  if (nodeTaintsPolicy !== 'Honor') return true;
  return untolerated(node.spec?.taints, spec.tolerations, ['NoSchedule', 'NoExecute']).length === 0;
}
