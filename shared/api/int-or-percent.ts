import { badRequest } from './errors.ts';

/** A count, or `30%` of a total, rounded as asked. Throws `bad-request` where it is neither. */
export function scaledValue(value: number | string, total: number, round: 'up' | 'down'): number {
  if (typeof value === 'number') return value;
  const percent = parsePercent(value);
  if (percent === undefined) {
    throw badRequest(
      `invalid value for IntOrString: invalid type: string is not a percentage: ${JSON.stringify(value)}`,
    );
  }
  const exact = (percent * total) / 100;
  return round === 'up' ? Math.ceil(exact) : Math.floor(exact);
}

export function parsePercent(text: string): number | undefined {
  return /^\d{1,9}%$/.test(text) ? Number(text.slice(0, -1)) : undefined;
}

/**
 * How many pods a rolling update may add, and how many it may miss. Where both round to none, one
 * may be missing, or the update could never begin.
 */
export function resolveFenceposts(
  maxSurge: number | string,
  maxUnavailable: number | string,
  replicas: number,
): { surge: number; unavailable: number } {
  const surge = scaledValue(maxSurge, replicas, 'up');
  const unavailable = scaledValue(maxUnavailable, replicas, 'down');
  return { surge, unavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}
