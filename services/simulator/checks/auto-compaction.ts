import { BrokenPromise, type Operation } from '#shared/checks';
import type { Past } from './past.ts';
import type { StateLog } from './state-log.ts';

/** Clocks run so much faster at most. */
const fastestClock = 1.1;

/** What the store compacts by itself is older than the period that it is to keep. */
export function checkAutoCompaction(
  { entries }: StateLog,
  past: Past,
  operations: readonly Operation[],
  periodMs: number,
): void {
  const asked = new Set(
    operations.flatMap(({ call }) => (call.type === 'compact' ? [call.revision] : [])),
  );
  for (const { index, operation, error, atMs } of entries) {
    if (operation?.type !== 'compact' || error !== undefined) continue;
    const { revision } = operation;
    if (asked.has(revision)) continue;
    const old = past.revisionAt(atMs - periodMs / fastestClock);
    if (revision <= old) continue;
    throw new BrokenPromise(
      `entry ${index} compacts ${revision} at ${Math.round(atMs)} ms, and ${periodMs} ms before that it was ${old}`,
    );
  }
}
