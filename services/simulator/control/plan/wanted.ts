import type { PodSpec } from '#shared/api';
import { must, type Rng } from '#shared/base';

/** Above all that a step may hold. */
export const picks = 4500;

/** One of the picks that mean what is wanted. Throws where none does. */
export function pickWhere(rng: Rng, isWanted: (one: number) => boolean): number {
  const from = rng.int(picks);
  const all = Array.from({ length: picks }, (_, i) => (from + i) % picks);
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
