import type { Verdict } from './decide.ts';

/**
 * Why a pod is pending, as a scheduler of Kubernetes says it that preempts nobody:
 * `0/2 nodes are available: 1 Insufficient cpu, …`.
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
  return `${all}: ${summary.join(', ')}.`;
}
