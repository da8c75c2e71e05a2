import { Cron } from 'croner';

/** More times than this between two looks: only the last one counts, as in Kubernetes. */
const maxMissed = 100;

export interface Due {
  /** The latest time that has passed since the last run, milliseconds. */
  readonly latest: number | undefined;
  readonly next: number | undefined;
  readonly tooMany: boolean;
}

/** What a schedule of cron has due at `nowMs`, looking from `sinceMs` (exclusive) on. */
export function dueTimes(
  schedule: string,
  timeZone: string | undefined,
  sinceMs: number,
  nowMs: number,
): Due {
  // `?` stands for `*` in Kubernetes, and UTC is what its controller runs in.
  const pattern = schedule.replaceAll('?', '*').replace('@midnight', '@daily');
  const cron = new Cron(pattern, { timezone: timeZone ?? 'Etc/UTC', mode: '5-part', paused: true });
  const after = (ms: number): number | undefined => cron.nextRun(new Date(ms))?.getTime();
  let latest: number | undefined;
  let next = after(sinceMs);
  for (let missed = 0; next !== undefined && next <= nowMs; missed++) {
    if (missed >= maxMissed) {
      return { ...dueTimes(schedule, timeZone, nowMs - 3_600_000, nowMs), tooMany: true };
    }
    latest = next;
    next = after(next);
  }
  return { latest, next, tooMany: false };
}
