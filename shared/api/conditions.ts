interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
}

export const getCondition = <C extends Condition>(
  conditions: readonly C[] | undefined,
  type: string,
): C | undefined => conditions?.find((condition) => condition.type === type);

export const isConditionTrue = (
  conditions: readonly Condition[] | undefined,
  type: string,
): boolean => getCondition(conditions, type)?.status === 'True';

/** The list with this condition in it. lastTransitionTime moves only when the status changes. */
export function setCondition<C extends Condition>(
  conditions: readonly C[] | undefined,
  condition: C,
): C[] {
  const list = conditions ?? [];
  const old = getCondition(list, condition.type);
  if (!old) return [...list, condition];
  const next =
    old.status === condition.status && old.lastTransitionTime
      ? { ...condition, lastTransitionTime: old.lastTransitionTime }
      : condition;
  return list.map((each) => (each.type === condition.type ? next : each));
}
