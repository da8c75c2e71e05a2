import type { Taint, Toleration } from '#shared/api';

/** Whether one toleration covers one taint; core/v1's Toleration.ToleratesTaint. */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  const { key = '', operator = 'Equal', value = '', effect = '' } = toleration;
  if (effect !== '' && effect !== taint.effect) return false;
  if (key !== '' && key !== taint.key) return false;
  if (operator === 'Exists') return true;
  return key !== '' && value === (taint.value ?? '');
}

export function untolerated(
  taints: readonly Taint[] | undefined,
  tolerations: readonly Toleration[] | undefined,
  effects: readonly string[],
): Taint[] {
  return (taints ?? [])
    .filter(({ effect }) => effects.includes(effect))
    .filter((taint) => !tolerations?.some((toleration) => tolerates(toleration, taint)));
}
