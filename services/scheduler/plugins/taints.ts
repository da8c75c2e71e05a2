import { type Taint, type Toleration, tolerates } from '#shared/api';

/** The taints of these effects that no toleration covers. */
export function untolerated(
  taints: readonly Taint[] | undefined,
  tolerations: readonly Toleration[] | undefined,
  effects: readonly string[],
): Taint[] {
  return (taints ?? [])
    .filter(({ effect }) => effects.includes(effect))
    .filter((taint) => !tolerations?.some((toleration) => tolerates(toleration, taint)));
}
