import type { Context } from '../context.ts';
import { parseDuration } from './duration.ts';

export interface TimeLimit {
  readonly signal: AbortSignal;
  cancel(): void;
}

/** What `--timeout` says, counted from now; 0 is no limit. */
export function startTimeLimit(context: Context, duration: string): TimeLimit {
  const milliseconds = parseDuration('--timeout', duration);
  const controller = new AbortController();
  const timer =
    milliseconds > 0 ? context.clock.after(milliseconds, () => controller.abort()) : undefined;
  return { signal: controller.signal, cancel: () => timer?.cancel() };
}
