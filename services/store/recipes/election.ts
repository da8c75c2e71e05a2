import { QuorateError } from '#shared/base';
import type { KvClient, WithHeader } from '#shared/client';
import type { Event, Key, KeyValue, LeaseId, ResponseHeader, TxnResult } from '#shared/mvcc';
import { first, keysOf, stillHeld, takePlace } from './queue.ts';
import { type RecipeParts, Session } from './session.ts';

/** One leadership: the key and the revision of its creation. */
export interface Leadership {
  readonly key: Key;
  readonly revision: number;
  readonly lease: LeaseId;
}

export interface Leader {
  readonly header: ResponseHeader;
  readonly kv: KeyValue;
}

/** Observers hear of the latest leader, not of every one: that is etcd's promise. */
const maxQueued = 100;

const notLeader = (): QuorateError => new QuorateError('unknown', 'election: not leader');

/** Resolves once `lease` (0n: one is granted) leads the election `name`, announcing `value`. */
export async function campaign(
  parts: RecipeParts,
  request: { readonly name: Key; readonly lease: LeaseId; readonly value: Uint8Array },
  signal: AbortSignal,
): Promise<{ leadership: Leadership; header: ResponseHeader }> {
  const { kv } = parts;
  const { name, value } = request;
  const session = await Session.open(parts, request.lease);
  const { lease } = session;
  try {
    const place = await takePlace(kv, name, lease, value);
    const leadership = { key: place.key, revision: place.revision, lease };
    try {
      // Who campaigns anew keeps its place, with the new value.
      if (Buffer.compare(place.value, value) !== 0) await proclaim(kv, leadership, value);
      await first(kv, name, place, signal);
      signal.throwIfAborted();
    } catch (thrown) {
      await resign(kv, leadership);
      throw thrown;
    }
    if (!(await stillHeld(kv, place))) throw notLeader();
    return { leadership, header: place.header };
  } finally {
    session.end();
  }
}

export async function proclaim(
  kv: KvClient,
  leadership: Leadership,
  value: Uint8Array,
): Promise<ResponseHeader> {
  const { key, lease } = leadership;
  const { header, succeeded } = await ifLeading(kv, leadership, {
    type: 'put',
    put: { key, value, lease },
  });
  if (!succeeded) throw notLeader();
  return header;
}

/** No error where the leadership is over already. */
export async function resign(kv: KvClient, leadership: Leadership): Promise<ResponseHeader> {
  const deleteRange = { key: leadership.key };
  const { header } = await ifLeading(kv, leadership, { type: 'deleteRange', deleteRange });
  return header;
}

export async function leader(kv: KvClient, name: Key): Promise<Leader> {
  const { header, kvs } = await oldest(kv, name);
  if (!kvs[0]) throw new QuorateError('unknown', 'election: no leader');
  return { header, kv: kvs[0] };
}

/** The leader, then each change of the leader or of its value, until the signal aborts. */
export async function* observe(
  kv: KvClient,
  name: Key,
  signal: AbortSignal,
): AsyncGenerator<Leader, void> {
  while (!signal.aborted) {
    const { header, kvs } = await oldest(kv, name);
    const now = kvs[0]
      ? { header, kv: kvs[0] }
      : await firstPut(kv, name, header.revision + 1, signal);
    if (!now) continue;
    yield now;
    const after = { key: now.kv.key, startRevision: now.header.revision + 1 };
    for await (const change of changes(kv, after, signal)) {
      if (change.kv.version === 0) break;
      yield change;
    }
  }
}

function oldest(kv: KvClient, name: Key): ReturnType<KvClient['range']> {
  return kv.range({ ...keysOf(name), sortTarget: 'create', sortOrder: 'ascend', limit: 1 });
}

function ifLeading(
  kv: KvClient,
  { key, revision }: Leadership,
  operation: Parameters<KvClient['txn']>[0]['success'][number],
): Promise<WithHeader<TxnResult>> {
  return kv.txn({
    compare: [{ key, target: 'create', result: 'equal', revision }],
    success: [operation],
    failure: [],
  });
}

async function firstPut(
  kv: KvClient,
  name: Key,
  startRevision: number,
  signal: AbortSignal,
): Promise<Leader | undefined> {
  const request = { ...keysOf(name), startRevision };
  for await (const change of changes(kv, request, signal)) if (change.kv.version > 0) return change;
  return undefined;
}

/**
 * Ends, without an error, when the signal aborts, and also where it cannot go on from where it is
 * (the history is compacted, the consumer is far behind): then look again.
 */
async function* changes(
  kv: KvClient,
  request: Parameters<KvClient['watch']>[0],
  signal: AbortSignal,
): AsyncGenerator<Leader, void> {
  let queue: { events: readonly Event[]; header: ResponseHeader }[] = [];
  let over: { error?: Error } | undefined;
  let wake = (): void => undefined;
  const end = (error?: Error): void => {
    over ??= error ? { error } : {};
    wake();
  };
  const onAbort = (): void => end();
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) end();
  const watch = kv.watch(request, {
    events: (events, header) => {
      queue.push({ events, header });
      if (queue.length > maxQueued) end();
      wake();
    },
    ended: (error) => end(QuorateError.is(error, 'expired') ? undefined : error),
  });
  try {
    for (;;) {
      const batch = queue;
      queue = [];
      for (const { events, header } of batch) {
        for (const { kv: changed } of events) {
          yield { header: { ...header, revision: changed.modRevision }, kv: changed };
        }
      }
      if (queue.length > 0) continue;
      if (over?.error) throw over.error;
      if (over) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    watch.cancel();
  }
}
