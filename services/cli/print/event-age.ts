import type { Event } from '#shared/api';
import { formatAge } from './age.ts';

const lastTime = (event: Event): string | undefined =>
  event.series?.lastObservedTime ??
  event.lastTimestamp ??
  event.eventTime ??
  event.metadata?.creationTimestamp;

/** When an event was last seen, in milliseconds since the epoch. */
export const eventTime = (event: Event): number => Date.parse(lastTime(event) ?? '') || 0;

/** `5s`, or `5s (x3 over 2m)` where it was seen several times. */
export function eventAge(event: Event, nowMs: number): string {
  const last = formatAge(lastTime(event), nowMs);
  const count = event.series?.count ?? event.count ?? 1;
  if (count <= 1) return last;
  const first = formatAge(event.firstTimestamp ?? event.metadata?.creationTimestamp, nowMs);
  return `${last} (x${count} over ${first})`;
}
