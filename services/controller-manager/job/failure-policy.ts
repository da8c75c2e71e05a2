import type { Job, Pod } from '#shared/api';

type Rule = NonNullable<NonNullable<Job['spec']>['podFailurePolicy']>['rules'][number];

export interface PolicyMatch {
  readonly action: string;
  readonly message: string;
}

/** What the Job's policy says of a failed pod: its first rule that fits. */
export function failurePolicy({ spec }: Job, pod: Pod): PolicyMatch | undefined {
  const { namespace, name } = pod.metadata ?? {};
  for (const [i, rule] of (spec?.podFailurePolicy?.rules ?? []).entries()) {
    const { action } = rule;
    const code = matchingExit(rule, pod);
    if (code) {
      const what = `Container ${code.container} for pod ${namespace}/${name} failed with exit code ${code.exitCode}`;
      return { action, message: `${what} matching ${action} rule at index ${i}` };
    }
    const condition = (rule.onPodConditions ?? []).find(({ type, status }) =>
      pod.status?.conditions?.some((each) => each.type === type && each.status === status),
    );
    if (condition) {
      const what = `Pod ${namespace}/${name} has condition ${condition.type}`;
      return { action, message: `${what} matching ${action} rule at index ${i}` };
    }
  }
  return undefined;
}

function matchingExit(
  { onExitCodes }: Rule,
  { status }: Pod,
): { container: string; exitCode: number } | undefined {
  if (!onExitCodes) return undefined;
  const { containerName, operator, values } = onExitCodes;
  const all = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])];
  for (const { name, state } of all) {
    const exitCode = state?.terminated?.exitCode ?? 0;
    if (exitCode === 0 || (containerName !== undefined && containerName !== name)) continue;
    if (values.includes(exitCode) === (operator === 'In')) return { container: name, exitCode };
  }
  return undefined;
}
