import { must } from '#shared/base';
import { mvccErrors } from './errors.ts';
import type { KeyHistory } from './key-history.ts';
import { endOf } from './key-range.ts';
import type { Lessor } from './lessor.ts';
import { noLease } from './records.ts';
import type { RevisionStore } from './revision-store.ts';
import type {
  DeleteRangeRequest,
  DeleteRangeResult,
  Event,
  Key,
  KeyValue,
  PutRequest,
  PutResult,
} from './types.ts';

/** The changes of one revision, numbered in order. Requests must have been checked before. */
export class Writer {
  readonly #store: RevisionStore;
  readonly #base: number;
  readonly events: Event[] = [];

  constructor(store: RevisionStore, base: number) {
    this.#store = store;
    this.#base = base;
  }

  /** The store's revision, if nothing more came: one more as soon as something changed. */
  get revision(): number {
    return this.events.length === 0 ? this.#base : this.#base + 1;
  }

  put(request: PutRequest): PutResult {
    const { key, ignoreValue, ignoreLease } = request;
    const readPrev = request.prevKv === true || ignoreValue === true || ignoreLease === true;
    const previous = readPrev ? this.#store.current(key) : undefined;
    const kept = 'a put that keeps something was checked';
    const value = ignoreValue === true ? must(previous, kept).value : request.value;
    const lease = ignoreLease === true ? must(previous, kept).lease : (request.lease ?? noLease);
    this.events.push(this.#store.put(key, value, lease, this.#base + 1, this.events.length));
    return request.prevKv === true && previous !== undefined ? { prevKv: previous } : {};
  }

  deleteRange(request: DeleteRangeRequest): DeleteRangeResult {
    const doomed: KeyHistory[] = [];
    const prevKvs: KeyValue[] = [];
    this.#store.walk(request.key, endOf(request.rangeEnd), undefined, (history, position) => {
      doomed.push(history);
      if (request.prevKv === true) prevKvs.push(this.#store.read(history, position));
      return true;
    });
    for (const history of doomed) this.#delete(history);
    return { deleted: doomed.length, prevKvs };
  }

  deleteKeys(keys: Iterable<Key>): void {
    for (const key of keys) this.deleteRange({ key });
  }

  #delete(history: KeyHistory): void {
    this.events.push(this.#store.delete(history, this.#base + 1, this.events.length));
  }
}

/** Refuses a put under a lease that does not exist. */
export function checkLease(lessor: Lessor, { lease = noLease }: PutRequest): void {
  if (lease !== noLease && !lessor.has(lease)) throw mvccErrors.leaseNotFound();
}

/** Refuses a put that keeps the value or lease of a key that does not exist. */
export function checkExists(store: RevisionStore, request: PutRequest): void {
  if (request.ignoreValue !== true && request.ignoreLease !== true) return;
  if (store.index.get(request.key)?.live !== true) throw mvccErrors.keyNotFound();
}
