import type { Verdict } from './decide.ts';

/** Why a pod is pending, in Kubernetes' words: `0/2 nodes are available: 1 Insufficient cpu, …`. */
export function failureText(verdicts: readonly Verdict[]): string {
  if (verdicts.length === 0) return 'no nodes available to schedule pods';
  const all = `0/${verdicts.length} nodes are available`;
  const own = verdicts.find(({ ofPod }) => ofPod);
  if (own) return `${all}: ${own.reasons.join(', ')}.`;
  return `${all}: ${summary(verdicts.flatMap(({ reasons }) => reasons))}.`;
}

/** Each reason once, with how many nodes have it. */
export function summary(reasons: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(', ');
}
