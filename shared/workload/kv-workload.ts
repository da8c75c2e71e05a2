import type { Rng } from '#shared/base';
import type { KvClient } from '#shared/client';
import { type Clock, systemClock } from '#shared/clock';

export interface WorkloadOptions {
  /** Every key begins with it; nothing may be there yet. */
  readonly prefix: string;
  /** Default: the machine's. */
  readonly clock?: Clock | undefined;
  readonly rng: Rng;
  readonly signal: AbortSignal;
  /** Few keys are written often, which is what finds bugs. Default 6. */
  readonly keys?: number | undefined;
  /** Between two operations of a client, at most. Default 8. */
  readonly pauseMs?: number | undefined;
}

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

/** The end of the range of all keys with this prefix. */
export function prefixEnd(prefix: string): string {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}

/**
 * One client that puts, reads, deletes and compares until it is told to stop. Every value is new, so
 * that whoever reads one knows who wrote it. What fails is not repeated.
 */
export async function kvWorkload(
  kv: KvClient,
  name: string,
  options: WorkloadOptions,
): Promise<void> {
  const { prefix, clock = systemClock, rng, signal, keys = 6, pauseMs = 8 } = options;
  const seen = new Map<string, number>();
  for (let i = 0; !signal.aborted; i++) {
    const key = `${prefix}${rng.int(keys)}`;
    try {
      await oneOperation(kv, rng, key, `${name}.${i}`, seen, prefix);
    } catch {
      // Recorded, with what is known of its outcome.
      await clock.sleep(5);
    }
    if (pauseMs > 0) await clock.sleep(rng.next() * pauseMs);
  }
}

async function oneOperation(
  kv: KvClient,
  rng: Rng,
  key: string,
  value: string,
  seen: Map<string, number>,
  prefix: string,
): Promise<void> {
  const kind = rng.int(20);
  if (kind < 7) {
    const { header } = await kv.put({ key, value: bytes(value), prevKv: rng.int(2) === 0 });
    seen.set(key, header.revision);
  } else if (kind < 12) {
    const { kvs } = await kv.range({ key });
    seen.set(key, kvs[0]?.modRevision ?? 0);
  } else if (kind < 16) {
    const guard = { key, target: 'mod', result: 'equal', revision: seen.get(key) ?? 0 } as const;
    const { header, succeeded } = await kv.txn({
      compare: [guard],
      success: [{ type: 'put', put: { key, value: bytes(value) } }],
      failure: [{ type: 'range', range: { key } }],
    });
    if (succeeded) seen.set(key, header.revision);
  } else if (kind < 17) {
    await kv.deleteRange({ key, prevKv: true });
    seen.set(key, 0);
  } else if (kind < 18) {
    await kv.range({ key: prefix, rangeEnd: prefixEnd(prefix) });
  } else if (kind < 19) {
    await kv.range({ key, serializable: true });
  } else {
    const other = `${prefix}${rng.int(6)}`;
    const puts = new Map([key, other].map((one) => [one, bytes(`${value}.${one.length}`)]));
    const success = [...puts].map(
      ([one, text]) => ({ type: 'put', put: { key: one, value: text } }) as const,
    );
    await kv.txn({ compare: [], success, failure: [] });
  }
}
