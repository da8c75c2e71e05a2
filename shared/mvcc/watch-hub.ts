import type { EventsSlice } from './mvcc.ts';
import type { Event, Key, KeyValue, WatchRequest } from './types.ts';

/** Where a hub reads history: an Mvcc. */
export interface WatchSource {
  readonly revision: number;
  readonly compactRevision: number;
  eventsBetween(from: number, to: number, maxEvents?: number): EventsSlice;
  before(key: Key, revision: number): KeyValue | undefined;
}

/** Who is told. Called synchronously from `notify` and `syncSlice`; must not call back into the hub. */
export interface WatchSink {
  /**
   * Whole revisions, in order, after filters; `revision` is the last of them. False refuses them
   * (the consumer is slow): the hub offers them again after `resume`.
   */
  events(events: readonly Event[], revision: number): boolean;
  /** The watch is over: what it still needed is compacted. */
  compacted(compactRevision: number): void;
}

export interface Watcher {
  readonly id: number;
  readonly request: WatchRequest;
  /** Everything up to the hub's revision is delivered, or lies before a future start. */
  readonly synced: boolean;
  /** The first revision not delivered yet. */
  readonly nextRevision: number;
}

export class WatchHub {
  constructor(_source: WatchSource) {}
  /** Up to which revision synced watchers have been told. */
  get revision(): number {
    return 1;
  }
  get size(): number {
    return 0;
  }
  get unsyncedSize(): number {
    return 0;
  }
  add(_request: WatchRequest, _sink: WatchSink): Watcher {
    throw new Error('later');
  }
  remove(_watcher: Watcher): void {}
  /** A watcher whose sink refused can take events again. */
  resume(_watcher: Watcher): void {}
  /** After each apply that made a revision, in order. */
  notify(_revision: number, _events: readonly Event[]): void {}
  /** Catches unsynced watchers up by about `maxEvents` of history; true: call again (later). */
  syncSlice(_maxEvents: number): boolean {
    return false;
  }
  /** The store was replaced by a snapshot: every watcher goes on from where it was. */
  reset(_source: WatchSource): void {}
}
