import { must } from '#shared/base';
import { BrokenPromise } from '#shared/checks';
import type { Event, KeyValue, LeaseId } from '#shared/mvcc';
import type { Operation } from '#services/store';

/** What applying one entry did, on the member that applied it first. */
export interface AppliedEntry {
  readonly index: number;
  readonly term: number;
  /** Absent: it changed nothing, or was a repetition. */
  readonly operation: Operation | undefined;
  readonly error: string | undefined;
  /** Of the store, afterwards. */
  readonly revision: number;
  readonly events: readonly Event[];
  /** Of everything else that a member must have in common with the others. */
  readonly rest: string;
  readonly atMs: number;
}

export interface Contents {
  readonly revision: number;
  readonly kvs: readonly KeyValue[];
  readonly leases: readonly LeaseId[];
  readonly rest: string;
}

/**
 * What the replicated state machine did, entry by entry: the first member to apply one says what it
 * does, and all others must agree (state-machine equality), also after a restart or a snapshot.
 */
export class StateLog {
  readonly #entries: AppliedEntry[] = [];
  readonly #byRevision = new Map<number, AppliedEntry>();
  readonly #first: number;
  /** Told of each entry when its first member has applied it. */
  onNew: ((entry: AppliedEntry) => void) | undefined;

  /** `first`: index of the first entry that is not part of the beginning. */
  constructor(first: number) {
    this.#first = first;
  }

  get lastIndex(): number {
    return this.#first + this.#entries.length - 1;
  }

  get last(): AppliedEntry | undefined {
    return this.#entries.at(-1);
  }

  get entries(): readonly AppliedEntry[] {
    return this.#entries;
  }

  get revision(): number {
    return this.last?.revision ?? 1;
  }

  at(index: number): AppliedEntry | undefined {
    return this.#entries[index - this.#first];
  }

  /** The entry that made this revision. */
  revised(revision: number): AppliedEntry | undefined {
    return this.#byRevision.get(revision);
  }

  applied(member: string, entry: AppliedEntry): void {
    const known = this.at(entry.index);
    if (known !== undefined) {
      if (sameOutcome(known, entry)) return;
      throw new BrokenPromise(
        `${member} applies entry ${entry.index} with the outcome ${digestOf(entry)}, others with ${digestOf(known)}`,
      );
    }
    if (entry.index !== this.lastIndex + 1) {
      throw new BrokenPromise(`${member} applies entry ${entry.index} after ${this.lastIndex}`);
    }
    this.#checkRevision(member, entry);
    this.#entries.push(entry);
    if (entry.events.length > 0) this.#byRevision.set(entry.revision, entry);
    this.onNew?.(entry);
  }

  /** A member that was restored, or replaced by a snapshot, at `index`. */
  restored(member: string, index: number, contents: Contents): void {
    if (index < this.#first) return;
    if (index > this.lastIndex) {
      throw new BrokenPromise(
        `${member} has applied ${index}, but nobody ever got beyond ${this.lastIndex}`,
      );
    }
    const expected = digestContents(this.contentsAt(index));
    const actual = digestContents(contents);
    if (actual !== expected) {
      throw new BrokenPromise(
        `${member} comes back at entry ${index} with ${actual}, not ${expected}`,
      );
    }
  }

  contentsAt(index: number): Contents {
    const kvs = new Map<string, KeyValue>();
    const leases = new Set<LeaseId>();
    for (const { index: at, operation, error, events } of this.#entries) {
      if (at > index) break;
      for (const { type, kv } of events) {
        if (type === 'put') kvs.set(kv.key, kv);
        else kvs.delete(kv.key);
      }
      if (!operation || error !== undefined) continue;
      if (operation.type === 'lease-grant') leases.add(operation.id);
      if (operation.type === 'lease-revoke') leases.delete(operation.id);
    }
    const { revision, rest } = must(this.at(index), 'an entry that was applied');
    return { revision, kvs: [...kvs.values()], leases: [...leases], rest };
  }

  /** Revisions go up by one where something changed, and never otherwise. */
  #checkRevision(member: string, { index, revision, events }: AppliedEntry): void {
    const expected = this.revision + (events.length > 0 ? 1 : 0);
    if (revision !== expected) {
      throw new BrokenPromise(
        `${member} is at revision ${revision} after entry ${index}, which should be ${expected}`,
      );
    }
    for (const { kv } of events) {
      if (kv.modRevision === revision) continue;
      throw new BrokenPromise(
        `entry ${index} made an event of ${kv.modRevision} at revision ${revision}`,
      );
    }
  }
}

function sameOutcome(a: AppliedEntry, b: AppliedEntry): boolean {
  return (
    a.term === b.term &&
    a.operation?.type === b.operation?.type &&
    a.error === b.error &&
    a.revision === b.revision &&
    a.rest === b.rest &&
    a.events.length === b.events.length &&
    a.events.every((event, i) => sameEvent(event, b.events[i]))
  );
}

function sameEvent(a: Event, b: Event | undefined): boolean {
  if (!b || a.type !== b.type) return false;
  const [x, y] = [a.kv, b.kv] as const;
  return (
    x.key === y.key &&
    x.createRevision === y.createRevision &&
    x.modRevision === y.modRevision &&
    x.version === y.version &&
    x.lease === y.lease &&
    (x.value === y.value || Buffer.compare(x.value, y.value) === 0)
  );
}

function digestOf({ term, operation, error, revision, events, rest }: AppliedEntry): string {
  const changes = events.map(({ type, kv }) => `${type} ${kv.key}=${kvText(kv)}`);
  return `${term} ${operation?.type ?? '-'} ${error ?? ''} @${revision} [${changes.join()}] ${rest}`;
}

function digestContents({ revision, kvs, leases, rest }: Contents): string {
  const rows = kvs.map((kv) => `${kv.key}=${kvText(kv)}`).sort();
  return `@${revision} [${rows.join()}] leases [${leases.map(String).sort().join()}] ${rest}`;
}

const decoder = new TextDecoder('latin1');

function kvText({ value, createRevision, modRevision, version, lease }: KeyValue): string {
  return `${decoder.decode(value)}/${createRevision}/${modRevision}/${version}/${lease}`;
}
