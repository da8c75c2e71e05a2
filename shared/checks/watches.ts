import type { Answer, Call, History, Operation, Watch, WatchedEvent } from './history.ts';
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
  const log = truthOf(heard, written);
  try {
    for (const [revision, events] of written) agree(revision, events, heard.get(revision));
    for (const watch of watches) WatchCheck.caughtUp(watch, log, watch.awaitedRevision ?? 0);
    return { outcome: 'kept', ...count };
  } catch (thrown) {
    if (!(thrown instanceof BrokenPromise)) throw thrown;
    return { outcome: 'broken', ...count, reason: thrown.message };
  }
}

/** What a watch heard comes first: what it heard has an order, and what was written besides must be in it. */
function truthOf(
  heard: ReadonlyMap<number, readonly WatchedEvent[]>,
  written: ReadonlyMap<number, readonly WatchedEvent[]>,
): EventLog {
  const events = (revision: number): readonly WatchedEvent[] | undefined => {
    const [told, done] = [heard.get(revision), written.get(revision)];
    if (!told || !done) return told ?? done;
    return [...told, ...done.filter(({ kv }) => indexOf(told, kv.key) < 0)];
  };
  return { events };
}

/** The events of each revision: all that any watch heard of it. */
function eventsOf(watches: readonly Watch[]): Map<number, readonly WatchedEvent[]> {
  const all = new Map<number, WatchedEvent[][]>();
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
        const lists = all.get(revision);
        if (lists) lists.push(events);
        else all.set(revision, [events]);
      }
    }
  }
  return new Map([...all].map(([revision, lists]) => [revision, merge(lists)]));
}

/** All of them in an order that every list agrees with, where there is one. */
function merge(lists: readonly WatchedEvent[][]): WatchedEvent[] {
  const merged: WatchedEvent[] = [];
  let left = lists;
  for (;;) {
    const heads = left.flatMap(([head]) => head ?? []);
    const next = heads.find(({ kv }) => left.every((list) => indexOf(list, kv.key) <= 0));
    const event = next ?? heads[0];
    if (!event) return merged;
    merged.push(event);
    left = left.map((list) => list.filter(({ kv }) => kv.key !== event.kv.key));
  }
}

const indexOf = (list: readonly WatchedEvent[], key: string): number =>
  list.findIndex(({ kv }) => kv.key === key);

/** What acknowledged writes did, by their revision; deletions as far as the answer says of what. */
function writesOf(operations: readonly Operation[]): Map<number, WatchedEvent[]> {
  const all = new Map<number, WatchedEvent[]>();
  for (const { call, outcome, answer } of operations) {
    const revision = answer?.revision;
    if (outcome !== 'ok' || !answer || revision === undefined) continue;
    const branch = answer.succeeded ? 'success' : 'failure';
    const events =
      call.type === 'txn'
        ? call[branch].flatMap((op, i) => eventsBy(op, answer.answers?.[i] ?? {}, revision))
        : eventsBy(call, answer, revision);
    if (events.length > 0) all.set(revision, events);
  }
  return all;
}

function eventsBy(call: Call, answer: Answer, revision: number): WatchedEvent[] {
  if (call.type === 'put') {
    return [{ type: 'put', kv: { key: call.key, value: call.value, mod: revision } }];
  }
  if (call.type !== 'delete') return [];
  const single = call.rangeEnd === undefined && (answer.deleted ?? 0) > 0;
  const keys = answer.prevKvs?.map(({ key }) => key) ?? (single ? [call.key] : []);
  return keys.map((key) => ({ type: 'delete', kv: { key, mod: revision } }));
}

function agree(
  revision: number,
  written: readonly WatchedEvent[],
  heard: readonly WatchedEvent[] | undefined,
): void {
  for (const { type, kv } of written) {
    const event = heard?.find((one) => one.kv.key === kv.key);
    if (!event || (event.type === type && (type === 'delete' || event.kv.value === kv.value))) {
      continue;
    }
    const text = (one: WatchedEvent): string =>
      one.type === 'put' ? `put ${one.kv.key}=${one.kv.value ?? ''}` : `delete ${one.kv.key}`;
    throw new BrokenPromise(
      `watches heard ${text(event)} at revision ${revision}, which was ${text({ type, kv })}`,
    );
  }
}
