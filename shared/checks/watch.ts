import { inRange, type KnownKv, type Watch, type WatchedEvent } from './history.ts';
import { BrokenPromise } from './raft/broken-promise.ts';

/** What happened in truth: the events of a revision in their order, with full keys and values. */
export interface EventLog {
  /** Undefined where nothing has that revision. */
  events(revision: number): readonly WatchedEvent[] | undefined;
  /**
   * Where the events tell what was there before: the newest compaction that anybody can have made by
   * then. What was there before an event that is not newer need not be told. Absent: they do not.
   */
  readonly compactedAt?: ((atMs: number) => number) | undefined;
}

/**
 * etcd's promises about one watch: events come in the order of revisions, each once, a revision
 * whole, none left out between the first and the last that was heard of, and a progress mark only
 * after everything before it.
 */
export class WatchCheck {
  readonly #watch: Watch;
  readonly #log: EventLog;
  /** Everything up to here has been heard, or came before the watch. */
  #heard: number;
  /** Of the last events or mark: nothing after it may be older. */
  #last = 0;

  constructor(watch: Watch, log: EventLog) {
    this.#watch = watch;
    this.#log = log;
    this.#heard = (watch.startRevision ?? 0) - 1;
  }

  /** Returns the revision up to which the watch has heard everything. */
  run(): number {
    for (const message of this.#watch.messages) {
      switch (message.type) {
        case 'created':
          if (this.#heard < 0) this.#heard = message.revision;
          break;
        case 'events':
          this.#events(message.events, message.atMs);
          if (message.revision < this.#last) {
            throw this.#wrong(`a header of ${message.revision} with events of ${this.#last}`);
          }
          break;
        case 'progress':
          this.#complete(message.revision);
          this.#last = Math.max(this.#last, message.revision);
          break;
        case 'ended':
          this.#ended(message.compactRevision);
          break;
      }
    }
    return this.#heard;
  }

  /** Everything up to `revision` should have been heard by now. */
  static caughtUp(watch: Watch, log: EventLog, revision: number): void {
    const check = new WatchCheck(watch, log);
    check.run();
    check.#complete(revision);
  }

  /** What was compacted is a reason only for a watch that still needs some of it. */
  #ended(compactRevision = 0): void {
    const needs = this.#heard + 1;
    if (compactRevision === 0 || needs <= 0 || needs < compactRevision) return;
    throw this.#wrong(
      `that ${compactRevision} was compacted, and ended, though it needs nothing before ${needs}`,
    );
  }

  #events(events: readonly WatchedEvent[], atMs: number): void {
    let at = 0;
    while (at < events.length) {
      const revision = revisionOf(events[at]);
      let end = at;
      while (end < events.length && revisionOf(events[end]) === revision) end++;
      this.#revision(revision, events.slice(at, end), atMs);
      at = end;
    }
  }

  #revision(revision: number, heard: readonly WatchedEvent[], atMs: number): void {
    if (revision <= this.#last) {
      throw this.#wrong(
        `revision ${revision} after ${this.#last}: again, out of order, or in parts`,
      );
    }
    if (revision <= this.#heard)
      throw this.#wrong(`revision ${revision}, which it did not ask for`);
    this.#complete(revision - 1);
    this.#last = revision;
    this.#heard = revision;
    const wanted = this.#wanted(revision);
    if (wanted === undefined) throw this.#wrong(`revision ${revision}, which never was`);
    if (heard.length === wanted.length && heard.every((event, i) => sameEvent(event, wanted[i]))) {
      this.#before(heard, wanted, atMs);
      return;
    }
    const [told, truth] = [heard.map(eventText), wanted.map(eventText)] as const;
    throw this.#wrong(`revision ${revision} as [${told.join()}], which was [${truth.join()}]`);
  }

  /** What each event replaced, where the watch asks for that. */
  #before(heard: readonly WatchedEvent[], wanted: readonly WatchedEvent[], atMs: number): void {
    const compacted = this.#log.compactedAt?.(atMs);
    if (compacted === undefined) return;
    heard.forEach(({ kv, prevKv }, i) => {
      const truth = this.#watch.prevKv ? replacedBy(wanted[i]) : undefined;
      // The revision that was compacted can be read, and so can what the next one replaced.
      if (prevKv === undefined && (!truth || (kv.mod ?? 0) <= compacted)) return;
      if (prevKv && truth && prevKv.mod === truth.mod && sameKv(prevKv, truth)) return;
      const [told, was] = [prevKv ? kvText(prevKv) : 'nothing', truth ? kvText(truth) : 'nothing'];
      throw this.#wrong(`${kv.key} at ${kv.mod} replacing ${told}, not ${was}`);
    });
  }

  /** Nothing that it should have heard lies between what it has heard and `revision`. */
  #complete(revision: number): void {
    for (let at = this.#heard + 1; at <= revision; at++) {
      if (!this.#log.events(at)?.some(this.#wants)) continue;
      const missed = this.#wanted(at) ?? [];
      throw this.#wrong(
        `nothing of revision ${at} (${missed.map(eventText).join()}) before ${revision} was reached`,
      );
    }
    this.#heard = Math.max(this.#heard, revision);
  }

  #wanted(revision: number): readonly WatchedEvent[] | undefined {
    return this.#log.events(revision)?.filter(this.#wants);
  }

  readonly #wants = ({ type, kv }: WatchedEvent): boolean => {
    const { key, rangeEnd, filters } = this.#watch;
    if (!inRange(kv.key, key, rangeEnd)) return false;
    return filters === undefined || !filters.includes(type === 'put' ? 'no-put' : 'no-delete');
  };

  #wrong(what: string): BrokenPromise {
    const { client, key, rangeEnd, startRevision } = this.#watch;
    const range = rangeEnd === undefined ? key : `${key}..${rangeEnd}`;
    return new BrokenPromise(
      `a watch of client ${client} on ${JSON.stringify(range)} from ${startRevision ?? 'now'} heard ${what}`,
    );
  }
}

/** A watch that goes on where another one ended loses nothing in between: it starts right behind it. */
export function checkResumed(before: Watch, after: Watch, log: EventLog): void {
  const heard = new WatchCheck(before, log).run();
  if ((after.startRevision ?? 0) <= heard + 1) return;
  throw new BrokenPromise(
    `client ${before.client} heard up to ${heard} and goes on at ${after.startRevision}`,
  );
}

const revisionOf = (event: WatchedEvent | undefined): number => event?.kv.mod ?? 0;

/** Of a deletion only the key is told. */
function sameEvent(a: WatchedEvent, b: WatchedEvent | undefined): boolean {
  if (!b || a.type !== b.type || a.kv.key !== b.kv.key) return false;
  return a.type === 'delete' || sameKv(a.kv, b.kv);
}

function sameKv(x: KnownKv, y: KnownKv): boolean {
  return (
    x.value === y.value && x.create === y.create && x.version === y.version && x.lease === y.lease
  );
}

function eventText({ type, kv }: WatchedEvent): string {
  return type === 'put' ? `put ${kvText(kv)}` : `delete ${kv.key}`;
}

function kvText({ key, value, create, version, lease }: KnownKv): string {
  return `${key}=${value ?? '?'}/${create ?? '?'}/${version ?? '?'}/${lease ?? '?'}`;
}

/** As etcd tells it: a put that makes its key replaces nothing, also where the same revision had deleted it. */
function replacedBy(event: WatchedEvent | undefined): WatchedEvent['prevKv'] {
  return event?.type === 'put' && event.kv.create === event.kv.mod ? undefined : event?.prevKv;
}
