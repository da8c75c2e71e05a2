import type { Verdict } from './decide.ts';

/** Nodes named one by one; with more of them the summary has to do. */
const namedNodesMax = 10;

/**
 * Why a pod is pending: Kubernetes' summary (`0/2 nodes are available: 1 Insufficient cpu, …`),
 * then what each node said.
 */
export function failureText(verdicts: readonly Verdict[]): string {
  if (verdicts.length === 0) return 'no nodes available to schedule pods';
  const all = `0/${verdicts.length} nodes are available`;
  const own = verdicts.find(({ ofPod }) => ofPod);
  if (own) return `${all}: ${own.reasons.join(', ')}.`;
  const counts = new Map<string, number>();
  for (const reason of verdicts.flatMap(({ reasons }) => reasons)) {
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  const summary = [...counts].map(([reason, count]) => `${count} ${reason}`).sort();
  const perNode = verdicts
    .map(({ node, reasons }) => `${node}: ${reasons.join(', ')}`)
    .sort()
    .slice(0, namedNodesMax);
  const more = verdicts.length - perNode.length;
  if (more > 0) perNode.push(`and ${more} more`);
  return `${all}: ${summary.join(', ')}. [${perNode.join('; ')}]`;
}
