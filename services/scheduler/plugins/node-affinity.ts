import type { Node, PodSpec } from '#shared/api';
import { type FilterPlugin, type ScorePlugin, scaled } from './plugin.ts';

type NodeAffinity = NonNullable<NonNullable<PodSpec['affinity']>['nodeAffinity']>;
type NodeSelector = NonNullable<NodeAffinity['requiredDuringSchedulingIgnoredDuringExecution']>;
type Term = NodeSelector['nodeSelectorTerms'][number];
type Requirement = NonNullable<Term['matchExpressions']>[number];

/** nodeSelector and node affinity: required terms filter, preferred ones score. */
export const nodeAffinity: FilterPlugin & ScorePlugin = {
  name: 'NodeAffinity',
  weight: 2,
  wakesOn: ['node-changed'],
  filter({ pod }, { node }) {
    const { nodeSelector = {}, affinity } = pod.spec ?? {};
    const labels = node.metadata?.labels ?? {};
    const selected = Object.entries(nodeSelector).every(([key, value]) => labels[key] === value);
    const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    const matched = !required || required.nodeSelectorTerms.some((term) => matches(term, node));
    return selected && matched ? [] : ["node(s) didn't match Pod's node affinity/selector"];
  },
  score({ pod }, nodes) {
    const preferred =
      pod.spec?.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
    const weights = nodes.map(({ node }) =>
      preferred
        .filter(({ preference }) => matches(preference, node))
        .reduce((sum, { weight }) => sum + weight, 0),
    );
    return scaled(weights);
  },
};

/** An empty term matches no node. */
function matches({ matchExpressions = [], matchFields = [] }: Term, node: Node): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false;
  const labels = node.metadata?.labels ?? {};
  const name = node.metadata?.name;
  return (
    matchExpressions.every((requirement) => satisfies(requirement, labels[requirement.key])) &&
    matchFields.every((requirement) => satisfies(requirement, name))
  );
}

function satisfies({ operator, values = [] }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return integer(value) > integer(values[0]);
    case 'Lt':
      return integer(value) < integer(values[0]);
    default:
      return false;
  }
}

/** NaN, which compares with nothing, where it is none. */
function integer(text: string | undefined): number {
  return text !== undefined && /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
}
