import { must, QuorateError } from '#shared/base';
import type { KvClient } from '#shared/client';
import type { Key, LeaseId, ResponseHeader } from '#shared/mvcc';

/** A lock or an election is a queue: one key per lease under `name/`, the oldest one is first. */
export interface Place {
  readonly key: Key;
  /** Revision of the key's creation. */
  readonly revision: number;
  readonly value: Uint8Array;
  /** Of the transaction that took the place. */
  readonly header: ResponseHeader;
}

export const keysOf = (name: Key): { key: Key; rangeEnd: Key } => ({
  key: `${name}/`,
  rangeEnd: `${name}0`,
});

/** A lease's place in a queue: a new one at the end, or the one it has. */
export async function takePlace(
  kv: KvClient,
  name: Key,
  lease: LeaseId,
  value: Uint8Array,
): Promise<Place> {
  const key = `${name}/${lease.toString(16)}`;
  const { header, succeeded, responses } = await kv.txn({
    compare: [{ key, target: 'create', result: 'equal', revision: 0 }],
    success: [{ type: 'put', put: { key, value, lease } }],
    failure: [{ type: 'range', range: { key } }],
  });
  if (succeeded) return { key, revision: header.revision, value, header };
  const [found] = responses;
  const kvs = found?.type === 'range' ? found.range.kvs : [];
  const existing = must(kvs[0], 'the key that the comparison found');
  return { key, revision: existing.createRevision, value: existing.value, header };
}

/** The header of a look that found the place still to be the one that was taken. */
export async function stillHeld(
  kv: KvClient,
  { key, revision }: Place,
): Promise<ResponseHeader | undefined> {
  const { header, kvs } = await kv.range({ key, keysOnly: true });
  return kvs[0]?.createRevision === revision ? header : undefined;
}

/** Resolves when nobody is before `place` any more; rejects with the signal's reason. */
export async function first(
  kv: KvClient,
  name: Key,
  place: Place,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const { kvs, header } = await kv.range({
      ...keysOf(name),
      sortTarget: 'create',
      sortOrder: 'descend',
      limit: 1,
      maxCreateRevision: place.revision - 1,
      keysOnly: true,
    });
    const [before] = kvs;
    if (!before) return;
    // Only the next one in line is watched: a release wakes one waiter, not all.
    await deleted(kv, before.key, header.revision + 1, signal);
  }
}

function deleted(
  kv: KvClient,
  key: Key,
  startRevision: number,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      signal.removeEventListener('abort', aborted);
      watch.cancel();
    };
    const aborted = (): void => {
      done();
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', aborted, { once: true });
    const watch = kv.watch(
      { key, startRevision, filters: ['no-put'] },
      {
        events: () => {
          done();
          resolve();
        },
        ended: (error) => {
          done();
          // Behind a compaction: whoever waits looks again.
          if (QuorateError.is(error, 'expired')) resolve();
          else reject(error);
        },
      },
    );
  });
}
