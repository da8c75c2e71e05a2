import type { Clock } from '#shared/clock';

/** Now, as meta/v1 Time: RFC 3339 in whole seconds. */
export const timestamp = (clock: Pick<Clock, 'now'>): string =>
  `${new Date(clock.now()).toISOString().slice(0, 19)}Z`;
