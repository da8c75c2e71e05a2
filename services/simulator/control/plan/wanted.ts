import type { PodSpec } from '#shared/api';
import { must, type Rng } from '#shared/base';
import { firstSorts } from '../users/sorts.ts';

/** Above all that a step of a plan around one thing holds. */
export const picks = firstSorts;

/** Above all that a step may hold. */
export const allPicks = 6000;

/** One of the picks that mean what is wanted. Throws where none does. */
export function pickWhere(
  rng: Rng,
  isWanted: (one: number) => boolean,
  [least, most]: readonly [number, number] = [0, picks],
): number {
  const from = rng.int(most - least);
  const all = Array.from({ length: most - least }, (_, i) => least + ((from + i) % (most - least)));
  return must(all.find(isWanted), 'a pick');
}

/** Two or three fill a node of one processor. */
export const asksForMuch = ({ containers = [] }: Partial<PodSpec>): boolean =>
  containers[0]?.resources?.requests?.['cpu'] !== '100m';

/** May be anywhere, beside anybody, and takes no time to go. */
export const isPlain = (spec: Partial<PodSpec>): boolean =>
  spec.affinity === undefined &&
  spec.nodeSelector === undefined &&
  spec.topologySpreadConstraints === undefined &&
  spec.priorityClassName === undefined &&
  (spec.terminationGracePeriodSeconds ?? 0) < 4;
