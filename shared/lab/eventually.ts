import { QuorateError } from '#shared/base';
import { systemClock } from '#shared/clock';

/**
 * Polls until `check` gives a value; what it throws counts as not yet, and is told at the end. Rejects
 * with `deadline-exceeded` after `timeoutMs`: a guard against hangs, not a measure of speed.
 */
export async function eventually<T>(
  what: string,
  check: () => Promise<T | undefined> | T | undefined,
  timeoutMs = 120_000,
  pollMs = 50,
): Promise<T> {
  const until = systemClock.monotonic() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await check();
      if (value !== undefined) return value;
    } catch (thrown) {
      last = thrown;
    }
    if (systemClock.monotonic() > until) {
      const seen = last instanceof Error ? `; last: ${last.message}` : '';
      throw new QuorateError(
        'deadline-exceeded',
        `gave up waiting for ${what} after ${timeoutMs / 1000} s${seen}`,
        { cause: last },
      );
    }
    await systemClock.sleep(pollMs);
  }
}
