import type { History, Operation, Watch, WatchedEvent } from './history.ts';
import { BrokenPromise } from './raft/broken-promise.ts';
import { type EventLog, WatchCheck } from './watch.ts';

export interface WatchVerdict {
  readonly outcome: 'kept' | 'broken';
  readonly watches: number;
  readonly events: number;
  /** Which promise was broken, and how. */
  readonly reason?: string | undefined;
}

/**
 * Whether the watches of a real run kept etcd's promises. What happened in truth is put together from
 * what all of them heard and from the writes that were acknowledged: what one was told, all must be.
 */
export function checkWatches(history: Pick<History, 'operations' | 'watches'>): WatchVerdict {
  const { operations, watches } = history;
  const heard = eventsOf(watches);
  const count = { watches: watches.length, events: heard.size };
  const written = writesOf(operations);
  const log: EventLog = { events: (revision) => heard.get(revision) ?? written.get(revision) };
  try {
    for (const [revision, events] of written) agree(revision, events, heard.get(revision));
    for (const watch of watches) new WatchCheck(watch, log).run();
    return { outcome: 'kept', ...count };
  } catch (thrown) {
    if (!(thrown instanceof BrokenPromise)) throw thrown;
    return { outcome: 'broken', ...count, reason: thrown.message };
  }
}

/** The events of each revision, from the watch that heard most of it. */
function eventsOf(watches: readonly Watch[]): Map<number, readonly WatchedEvent[]> {
  const all = new Map<number, readonly WatchedEvent[]>();
  for (const { messages } of watches) {
    for (const message of messages) {
      if (message.type !== 'events') continue;
      const byRevision = new Map<number, WatchedEvent[]>();
      for (const event of message.events) {
        const revision = event.kv.mod ?? 0;
        const list = byRevision.get(revision);
        if (list) list.push(event);
        else byRevision.set(revision, [event]);
      }
      for (const [revision, events] of byRevision) {
        if (events.length > (all.get(revision)?.length ?? 0)) all.set(revision, events);
      }
    }
  }
  return all;
}

/** Acknowledged puts by their revision. */
function writesOf(operations: readonly Operation[]): Map<number, WatchedEvent[]> {
  const all = new Map<number, WatchedEvent[]>();
  for (const { call, outcome, answer } of operations) {
    const revision = answer?.revision;
    if (outcome !== 'ok' || revision === undefined) continue;
    const branch = answer?.succeeded ? 'success' : 'failure';
    const puts = call.type === 'txn' ? call[branch] : [call];
    const events = puts.flatMap((put): WatchedEvent[] =>
      put.type === 'put'
        ? [{ type: 'put', kv: { key: put.key, value: put.value, mod: revision } }]
        : [],
    );
    if (events.length > 0) all.set(revision, events);
  }
  return all;
}

function agree(
  revision: number,
  written: readonly WatchedEvent[],
  heard: readonly WatchedEvent[] | undefined,
): void {
  for (const { kv } of written) {
    const event = heard?.find((one) => one.kv.key === kv.key);
    if (!event || (event.type === 'put' && event.kv.value === kv.value)) continue;
    throw new BrokenPromise(
      `watches heard ${event.type} ${event.kv.key}=${event.kv.value ?? ''} at revision ${revision}, which put ${kv.value}`,
    );
  }
}
