import { QuorateError } from '#shared/base';
import type { Key, LeaseId, ResponseHeader } from '#shared/mvcc';
import { first, stillHeld, takePlace } from './queue.ts';
import { type RecipeParts, Session } from './session.ts';

/**
 * Resolves once the lock `name` is held by `lease` (0n: one is granted), with the key that stands for
 * it. A caller that goes away (`signal`) leaves the queue.
 */
export async function lock(
  parts: RecipeParts,
  name: Key,
  lease: LeaseId,
  signal: AbortSignal,
): Promise<{ key: Key; header: ResponseHeader }> {
  const { kv } = parts;
  const session = await Session.open(parts, lease);
  try {
    const place = await takePlace(kv, name, session.lease, new Uint8Array());
    try {
      await first(kv, name, place, signal);
      signal.throwIfAborted();
    } catch (thrown) {
      await kv.deleteRange({ key: place.key });
      throw thrown;
    }
    const header = await stillHeld(kv, place);
    if (!header) throw new QuorateError('unknown', 'mutex: session is expired');
    return { key: place.key, header };
  } finally {
    session.end();
  }
}
