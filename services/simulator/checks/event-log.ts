import type { EventLog, KnownKv, WatchedEvent } from '#shared/checks';
import { watched } from '../clients/watching.ts';
import type { StateLog } from './state-log.ts';

/** What watches should have heard, by the replicated log. */
export function eventLogOf({ entries }: StateLog): EventLog {
  const now = new Map<string, KnownKv>();
  const events = new Map<number, WatchedEvent[]>();
  const compactions: { readonly revision: number; readonly atMs: number }[] = [];
  for (const entry of entries) {
    const { operation, error, atMs } = entry;
    if (operation?.type === 'compact' && error === undefined)
      compactions.push({ revision: operation.revision, atMs });
    if (entry.events.length === 0) continue;
    const before = new Map(now);
    const list = entry.events.map(({ type, kv }): WatchedEvent => {
      const prevKv = before.get(kv.key);
      const event = watched({ type, kv });
      if (type === 'put') now.set(kv.key, event.kv);
      else now.delete(kv.key);
      return prevKv === undefined ? event : { ...event, prevKv };
    });
    events.set(entry.revision, list);
  }
  const compactedAt = (atMs: number): number =>
    compactions.findLast((each) => each.atMs <= atMs)?.revision ?? 0;
  return { events: (revision) => events.get(revision), compactedAt };
}
