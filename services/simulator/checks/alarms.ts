import { BrokenPromise } from '#shared/checks';
import type { StateLog } from './state-log.ts';

/** What a revision may cost besides its key and value, and what there is besides revisions. */
const revisionBytes = 400;
const otherBytes = 30_000;
/** Of requests that were let in before somebody noticed. */
const underWayBytes = 200_000;

/** Space is said to be used up where that can be, and never much more is used; and nothing is corrupt. */
export function checkAlarms({ entries }: StateLog, quotaBytes = Infinity): void {
  let written = otherBytes;
  const live = new Map<string, number>();
  let alive = 0;
  for (const { index, operation, error, events } of entries) {
    for (const { type, kv } of events) {
      const bytes = type === 'put' ? kv.key.length + kv.value.length : 0;
      written += revisionBytes + bytes;
      alive += bytes - (live.get(kv.key) ?? 0);
      live.set(kv.key, bytes);
    }
    if (alive > quotaBytes + underWayBytes)
      throw new BrokenPromise(
        `${alive} bytes are kept at entry ${index}, of ${quotaBytes} allowed`,
      );
    if (operation?.type !== 'alarm' || error !== undefined || !operation.raise) continue;
    const { alarm, memberId, automatic } = operation.alarm;
    if (alarm === 'corrupt')
      throw new BrokenPromise(`entry ${index} says that member ${memberId} is corrupt`);
    if (automatic && written < quotaBytes)
      throw new BrokenPromise(
        `entry ${index} says that there is no space at ${memberId}: ${written} of ${quotaBytes} bytes at most`,
      );
  }
}
