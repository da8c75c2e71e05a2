import { QuorateError } from '#shared/base';
import type { KvClient } from '#shared/client';
import type { Key, KeyValue } from '#shared/mvcc';

/**
 * The states of one key from a revision on: its value, or undefined once it is deleted. Ends when
 * `signal` aborts; throws what ended the store's watch.
 */
export async function* followKey(
  kv: KvClient,
  key: Key,
  startRevision: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<KeyValue | undefined, void> {
  const states: (KeyValue | undefined)[] = [];
  let error: Error | undefined;
  let wake: (() => void) | undefined;
  const notify = (): void => wake?.();
  const watch = kv.watch(
    { key, startRevision },
    {
      events(events) {
        for (const event of events) states.push(event.type === 'put' ? event.kv : undefined);
        notify();
      },
      ended(why) {
        error = QuorateError.from(why);
        notify();
      },
    },
  );
  signal?.addEventListener('abort', notify);
  try {
    for (;;) {
      if (signal?.aborted) return;
      if (states.length > 0) yield states.shift();
      else if (error) throw error;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    signal?.removeEventListener('abort', notify);
    watch.cancel();
  }
}
