import type { Clock } from '#shared/clock';
import type { ContainerLogOptions } from '../runtime.ts';
import type { LogFile } from './log-file.ts';

const followEveryMs = 100;

/**
 * A container's output as `kubectl logs` wants it. Following ends when the container has, and
 * everything it wrote has been handed over. Nothing is read ahead of the consumer.
 */
export async function* readLog(
  log: LogFile,
  options: ContainerLogOptions,
  isLive: () => Promise<boolean>,
  clock: Clock,
): AsyncGenerator<Uint8Array, void> {
  const { follow = false, tailLines, limitBytes, signal } = options;
  let position = tailLines === undefined ? log.start() : await log.tail(tailLines);
  let allowed = limitBytes ?? Number.POSITIVE_INFINITY;
  for (;;) {
    // Asked before reading: what was written before the end is then still read below.
    const live = follow && (await isLive());
    for (;;) {
      if (allowed <= 0 || signal?.aborted) return;
      const piece = await log.read(position);
      if (!piece) break;
      position = piece.next;
      const data = piece.data.length > allowed ? piece.data.subarray(0, allowed) : piece.data;
      allowed -= data.length;
      yield data;
    }
    if (!live || !(await slept(clock, signal))) return;
  }
}

/** False where the signal ended it. */
async function slept(clock: Clock, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await clock.sleep(followEveryMs, signal);
    return true;
  } catch {
    return false;
  }
}
