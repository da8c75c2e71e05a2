import { assert } from '#shared/base';
import type { EventsSlice } from './mvcc.ts';
import type { Event, Key, KeyValue, WatchRequest } from './types.ts';
import { WatcherIndex } from './watcher-index.ts';

/** Where a hub reads history: an Mvcc. */
export interface WatchSource {
  readonly revision: number;
  readonly compactRevision: number;
  eventsBetween(from: number, to: number, maxEvents?: number): EventsSlice;
  before(key: Key, revision: number): KeyValue | undefined;
}

/**
 * Who is told. Called synchronously from `notify` and `syncSlice`; may remove watchers, but not
 * notify or sync.
 */
export interface WatchSink {
  /**
   * Whole revisions, in order, after filters; `revision` is the last of them. False refuses all of
   * them (the consumer is slow): the hub offers them again after `resume`.
   */
  events(events: readonly Event[], revision: number): boolean;
  /** The watch is over, and removed: what it still needed is compacted. */
  compacted(compactRevision: number): void;
}

export interface Watcher {
  readonly id: number;
  readonly request: WatchRequest;
  /** Everything up to the hub's revision is delivered, or lies before a future start. */
  readonly synced: boolean;
}

class Registered implements Watcher {
  readonly id: number;
  readonly request: WatchRequest;
  readonly sink: WatchSink;
  readonly noPut: boolean;
  readonly noDelete: boolean;
  synced = true;
  /** Events before it are not (or no longer) wanted; exact for watchers that are not synced. */
  nextRevision: number;

  constructor(id: number, request: WatchRequest, sink: WatchSink, nextRevision: number) {
    this.id = id;
    this.request = request;
    this.sink = sink;
    this.noPut = request.filters?.includes('no-put') === true;
    this.noDelete = request.filters?.includes('no-delete') === true;
    this.nextRevision = nextRevision;
  }

  wants(event: Event): boolean {
    if (event.kv.modRevision < this.nextRevision) return false;
    return event.type === 'put' ? !this.noPut : !this.noDelete;
  }
}

/**
 * Brings events to watchers. A watcher is in one of three places: *synced* ones are told of each
 * revision as it is made; *unsynced* ones read history, slice by slice, until they have caught up;
 * *held* ones refused events and wait for `resume`, and then are unsynced.
 *
 * Each watcher gets every event of its range from its start on once, in order, and never a part of
 * a revision.
 */
export class WatchHub {
  #source: WatchSource;
  #revision: number;
  #lastId = 0;
  readonly #synced = new WatcherIndex<Registered>();
  readonly #unsynced = new WatcherIndex<Registered>();
  readonly #held = new Set<Registered>();

  constructor(source: WatchSource) {
    this.#source = source;
    this.#revision = source.revision;
  }

  /** Up to which revision synced watchers have been told. */
  get revision(): number {
    return this.#revision;
  }

  get size(): number {
    return this.#synced.size + this.#unsynced.size + this.#held.size;
  }

  /** Watchers that `syncSlice` has work for. */
  get unsyncedSize(): number {
    return this.#unsynced.size;
  }

  /** Nothing is delivered before this returns, not even that the start is compacted. */
  add(request: WatchRequest, sink: WatchSink): Watcher {
    const start = request.startRevision ?? 0;
    const next = start > 0 ? start : this.#revision + 1;
    const watcher = new Registered(++this.#lastId, request, sink, next);
    this.#place(watcher);
    return watcher;
  }

  remove(watcher: Watcher): void {
    const own = watcher as Registered;
    if (!this.#synced.delete(own) && !this.#unsynced.delete(own)) this.#held.delete(own);
  }

  /** A watcher whose sink refused can take events again. */
  resume(watcher: Watcher): void {
    if (this.#held.delete(watcher as Registered)) this.#place(watcher as Registered);
  }

  /** The revision up to which the watcher has everything: for progress answers. */
  progress(watcher: Watcher): number {
    return watcher.synced ? this.#revision : (watcher as Registered).nextRevision - 1;
  }

  /** After each apply, in order; one that changed nothing makes no revision and no difference. */
  notify(revision: number, events: readonly Event[]): void {
    if (events.length === 0) return;
    assert(revision === this.#revision + 1, 'revisions are notified one by one');
    this.#revision = revision;
    if (this.#synced.size === 0) return;
    const batches = this.#match(this.#synced, events);
    for (const [watcher, batch] of batches) {
      if (!this.#synced.has(watcher)) continue;
      if (watcher.sink.events(batch, revision)) continue;
      watcher.nextRevision = revision;
      this.#hold(watcher, this.#synced);
    }
  }

  /** Catches unsynced watchers up by about `maxEvents` of history; true: call again (later). */
  syncSlice(maxEvents: number): boolean {
    this.#endCompacted();
    let from = Infinity;
    for (const watcher of this.#unsynced) from = Math.min(from, watcher.nextRevision);
    if (from === Infinity) return false;
    const slice = this.#source.eventsBetween(from, this.#revision, maxEvents);
    for (const [watcher, batch] of this.#match(this.#unsynced, slice.events)) {
      if (!this.#unsynced.has(watcher)) continue;
      const last = (batch[batch.length - 1] as Event).kv.modRevision;
      if (!watcher.sink.events(batch, last)) this.#hold(watcher, this.#unsynced);
    }
    for (const watcher of this.#unsynced) {
      watcher.nextRevision = Math.max(watcher.nextRevision, slice.through + 1);
      if (watcher.nextRevision <= this.#revision) continue;
      this.#unsynced.delete(watcher);
      this.#place(watcher);
    }
    return this.#unsynced.size > 0;
  }

  /** The store was replaced by a snapshot: every watcher goes on from where it was. */
  reset(source: WatchSource): void {
    this.#source = source;
    const all = [...this.#synced, ...this.#unsynced];
    for (const watcher of this.#synced) {
      watcher.nextRevision = Math.max(watcher.nextRevision, this.#revision + 1);
    }
    this.#revision = source.revision;
    for (const watcher of all) {
      this.remove(watcher);
      this.#place(watcher);
    }
  }

  #place(watcher: Registered): void {
    watcher.synced = watcher.nextRevision > this.#revision;
    (watcher.synced ? this.#synced : this.#unsynced).add(watcher);
  }

  #hold(watcher: Registered, from: WatcherIndex<Registered>): void {
    // The sink may have removed its watcher.
    if (!from.delete(watcher)) return;
    watcher.synced = false;
    this.#held.add(watcher);
  }

  #endCompacted(): void {
    const oldest = this.#source.compactRevision;
    for (const watcher of this.#unsynced) {
      if (watcher.nextRevision >= oldest) continue;
      if (this.#unsynced.delete(watcher)) watcher.sink.compacted(oldest);
    }
  }

  /** Who is to get what, watchers in no particular order, events in theirs. */
  #match(
    index: WatcherIndex<Registered>,
    events: readonly Event[],
  ): Map<Registered, readonly Event[]> {
    const batches = new Map<Registered, Event[]>();
    if (index.size === 0) return batches;
    for (const event of events) {
      // Most watchers of one event get equal arrays: one array serves them all, until it must grow.
      const plain = new Shared(() => withoutPrevKv(event));
      const withPrev = new Shared(() => this.#withPrevKv(event));
      index.match(event.kv.key, (watcher) => {
        if (!watcher.wants(event)) return;
        const shared = watcher.request.prevKv === true ? withPrev : plain;
        const batch = batches.get(watcher);
        if (batch === undefined)
          batches.set(watcher, events.length > 1 ? [shared.event] : shared.batch);
        else batch.push(shared.event);
      });
    }
    return batches;
  }

  #withPrevKv(event: Event): Event {
    if (event.prevKv !== undefined || (event.type === 'put' && event.kv.version === 1))
      return event;
    const prevKv = this.#source.before(event.kv.key, event.kv.modRevision);
    return prevKv === undefined ? event : { ...event, prevKv };
  }
}

/** One event in the form some watchers want it, made when first wanted. */
class Shared {
  readonly #make: () => Event;
  #batch: Event[] | undefined = undefined;

  constructor(make: () => Event) {
    this.#make = make;
  }

  get batch(): Event[] {
    this.#batch ??= [this.#make()];
    return this.#batch;
  }

  get event(): Event {
    return this.batch[0] as Event;
  }
}

function withoutPrevKv(event: Event): Event {
  return event.prevKv === undefined ? event : { type: event.type, kv: event.kv };
}
