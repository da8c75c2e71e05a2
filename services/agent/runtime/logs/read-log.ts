import type { Clock } from '#shared/clock';
import type { ContainerLogOptions } from '../runtime.ts';
import type { LogFile, LogPosition } from './log-file.ts';

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
  const { follow = false, limitBytes, signal } = options;
  let position = await startOf(log, options);
  const stamp = options.timestamps ? lineStamper(log) : (data: Uint8Array): Uint8Array => data;
  let allowed = limitBytes ?? Number.MAX_SAFE_INTEGER;
  for (;;) {
    // Asked before reading: what was written before the end is then still read below.
    const live = follow && (await isLive());
    for (;;) {
      if (allowed <= 0 || signal?.aborted) return;
      const piece = await log.read(position);
      if (!piece) break;
      position = piece.next;
      const data = stamp(piece.data, position).subarray(0, allowed);
      allowed -= data.length;
      yield data;
    }
    if (!live || !(await slept(clock, signal))) return;
  }
}

async function startOf(
  log: LogFile,
  { tailLines, sinceTimeMs }: ContainerLogOptions,
): Promise<LogPosition> {
  const tail = tailLines === undefined ? log.start() : await log.tail(tailLines);
  const since = sinceTimeMs === undefined ? log.start() : await log.since(sinceTimeMs);
  const isLater =
    since.generation > tail.generation ||
    (since.generation === tail.generation && since.offset > tail.offset);
  return isLater ? since : tail;
}

/** Puts its time before each line of pieces that come one after the other. */
function lineStamper(log: LogFile): (data: Uint8Array, next: LogPosition) => Uint8Array {
  let inLine = false;
  return (data, { generation, offset }) => {
    const parts: Uint8Array[] = [];
    const first = offset - data.length;
    for (let from = 0; from < data.length; ) {
      if (!inLine) {
        const time = log.timeAt({ generation, offset: first + from });
        parts.push(Buffer.from(`${new Date(time).toISOString()} `));
      }
      const end = data.indexOf(0x0a, from);
      inLine = end < 0;
      const to = inLine ? data.length : end + 1;
      parts.push(data.subarray(from, to));
      from = to;
    }
    return Buffer.concat(parts);
  };
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
