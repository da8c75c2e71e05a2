import type { HorizontalPodAutoscaler } from '#shared/api';

type Behavior = NonNullable<NonNullable<HorizontalPodAutoscaler['spec']>['behavior']>;
type Rules = NonNullable<Behavior['scaleUp']>;
type Policy = NonNullable<Rules['policies']>[number];

/** What was recommended, and when. */
export interface Recommendation {
  readonly atMs: number;
  readonly replicas: number;
}

/** By how much the size was changed, and when: less than 0 where it shrank. */
export interface Change {
  readonly atMs: number;
  readonly by: number;
}

/** What an autoscaler has seen and done; kept for as long as its rules look back. */
export interface History {
  readonly recommended: readonly Recommendation[];
  readonly changes: readonly Change[];
}

/** Kubernetes' longest window and period. */
const longestMs = 3_600_000;

export const untold: History = { recommended: [], changes: [] };

export function remember(
  { recommended, changes }: History,
  replicas: number,
  by: number,
  atMs: number,
): History {
  const recent = <T extends { readonly atMs: number }>(list: readonly T[]): T[] =>
    list.filter((each) => atMs - each.atMs < longestMs);
  return {
    recommended: [...recent(recommended), { atMs, replicas }],
    changes: [...recent(changes), ...(by === 0 ? [] : [{ atMs, by }])],
  };
}

const defaultDownWindowSeconds = 300;

/**
 * Not more than was wanted all through the window of scaling up, and not less than was wanted anywhere in
 * the window of scaling down.
 */
export function stabilized(
  behavior: Behavior | undefined,
  desired: number,
  current: number,
  { recommended }: History,
  nowMs: number,
): number {
  const within = (seconds: number): number[] =>
    recommended.filter(({ atMs }) => nowMs - atMs < seconds * 1_000).map((each) => each.replicas);
  const up = within(behavior?.scaleUp?.stabilizationWindowSeconds ?? 0);
  const down = within(behavior?.scaleDown?.stabilizationWindowSeconds ?? defaultDownWindowSeconds);
  const least = Math.min(desired, ...up);
  const most = Math.max(desired, ...down);
  return Math.min(Math.max(current, least), most);
}

/** How far the rate of scaling lets the size go from here: lowest and highest. */
export function limitsOf(
  behavior: Behavior | undefined,
  current: number,
  { changes }: History,
  nowMs: number,
): { readonly lowest: number; readonly highest: number } {
  if (!behavior) return { lowest: 0, highest: Math.max(2 * current, 4) };
  /** The size that a policy's period began with. */
  const before = ({ periodSeconds }: Policy): number =>
    changes
      .filter(({ atMs }) => nowMs - atMs < periodSeconds * 1_000)
      .reduce((size, { by }) => size - by, current);
  const above = policiesOf(behavior.scaleUp).map((policy) =>
    policy.type === 'Pods'
      ? before(policy) + policy.value
      : Math.ceil(before(policy) * (1 + policy.value / 100)),
  );
  const below = policiesOf(behavior.scaleDown).map((policy) =>
    policy.type === 'Pods'
      ? before(policy) - policy.value
      : Math.trunc(before(policy) * (1 - policy.value / 100)),
  );
  const choice = (rules: Rules | undefined): string => rules?.selectPolicy ?? 'Max';
  const farthestUp = choice(behavior.scaleUp) === 'Min' ? Math.min(...above) : Math.max(...above);
  const farthestDown =
    choice(behavior.scaleDown) === 'Min' ? Math.max(...below) : Math.min(...below);
  return {
    highest: above.length === 0 ? current : Math.max(farthestUp, current),
    lowest: below.length === 0 ? current : Math.min(farthestDown, current),
  };
}

/** None where scaling that way is off. */
const policiesOf = (rules: Rules | undefined): readonly Policy[] =>
  rules?.selectPolicy === 'Disabled' ? [] : (rules?.policies ?? []);
