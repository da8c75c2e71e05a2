import type {
  Compare,
  Event,
  Key,
  KeyValue,
  LeaseId,
  RangeRequest,
  RangeResult,
  RequestOp,
  TxnRequest,
} from '../types.ts';

type State = ReadonlyMap<Key, KeyValue>;

/**
 * The data model in its most naive form: the whole state of every revision, as a Map. Slow and
 * obviously right; what tests compare the real one with. Failures are the strings of `refuse`.
 */
export class Model {
  readonly states: State[] = [new Map(), new Map()];
  readonly events: Event[][] = [[], []];
  readonly leases = new Set<LeaseId>();
  compacted = -1;

  get revision(): number {
    return this.states.length - 1;
  }

  #now(): State {
    return this.states[this.revision] as State;
  }

  range(request: RangeRequest): RangeResult {
    const revision = request.revision || this.revision;
    this.#checkRevision(revision);
    return rangeOf(this.states[revision] as State, request);
  }

  compact(revision: number): void {
    if (revision <= this.compacted) refuse('compacted');
    if (revision > this.revision) refuse('future');
    this.compacted = revision;
  }

  grant(id: LeaseId): void {
    if (this.leases.has(id)) refuse('lease exists');
    this.leases.add(id);
  }

  revoke(id: LeaseId): void {
    if (!this.leases.delete(id)) refuse('lease not found');
    const draft = new Map(this.#now());
    const events: Event[] = [];
    for (const kv of sorted(draft)) if (kv.lease === id) this.#delete(draft, events, kv);
    this.#commit(draft, events);
  }

  /** Executes a transaction; what it answers, with only what tests compare. */
  txn(request: TxnRequest): unknown {
    const before = this.#now();
    this.#check(before, request);
    const draft = new Map(before);
    const events: Event[] = [];
    const result = this.#execute(before, draft, events, request);
    this.#commit(draft, events);
    return result;
  }

  #check(before: State, request: TxnRequest): void {
    for (const op of branch(before, request)) {
      if (op.type === 'txn') this.#check(before, op.txn);
      if (op.type === 'range' && op.range.revision) this.#checkRevision(op.range.revision);
      if (op.type !== 'put') continue;
      if (op.put.lease && !this.leases.has(op.put.lease)) refuse('lease not found');
      if ((op.put.ignoreLease || op.put.ignoreValue) && !before.has(op.put.key)) refuse('no key');
    }
  }

  #checkRevision(revision: number): void {
    if (revision > this.revision) refuse('future');
    if (revision < this.compacted) refuse('compacted');
  }

  #execute(
    before: State,
    draft: Map<Key, KeyValue>,
    events: Event[],
    request: TxnRequest,
  ): unknown {
    const succeeded = request.compare.every((compare) => holds(before, compare));
    const responses = branch(before, request).map((op) => {
      if (op.type === 'txn') {
        return { type: 'txn', revision: 0, txn: this.#execute(before, draft, events, op.txn) };
      }
      const answer = this.#executeOp(draft, events, op);
      return { type: op.type, revision: this.revision + (events.length > 0 ? 1 : 0), ...answer };
    });
    return { succeeded, responses };
  }

  #executeOp(
    draft: Map<Key, KeyValue>,
    events: Event[],
    op: Exclude<RequestOp, { type: 'txn' }>,
  ): object {
    if (op.type === 'range') {
      const at = op.range.revision ? (this.states[op.range.revision] as State) : draft;
      return { range: rangeOf(at, op.range) };
    }
    if (op.type === 'deleteRange') {
      const doomed = sorted(draft).filter((kv) => inRange(kv.key, op.deleteRange));
      for (const kv of doomed) this.#delete(draft, events, kv);
      const prevKvs = op.deleteRange.prevKv ? doomed : [];
      return { deleteRange: { deleted: doomed.length, prevKvs } };
    }
    const { key, value, lease, ignoreLease, ignoreValue, prevKv } = op.put;
    const old = draft.get(key);
    const kv: KeyValue = {
      key,
      value: ignoreValue ? (old as KeyValue).value : value,
      createRevision: old?.createRevision ?? this.revision + 1,
      modRevision: this.revision + 1,
      version: (old?.version ?? 0) + 1,
      lease: ignoreLease ? (old as KeyValue).lease : (lease ?? 0n),
    };
    draft.set(key, kv);
    this.#report(events, 'put', kv);
    return { put: prevKv && old !== undefined ? { prevKv: old } : {} };
  }

  #delete(draft: Map<Key, KeyValue>, events: Event[], old: KeyValue): void {
    draft.delete(old.key);
    const kv: KeyValue = {
      key: old.key,
      value: new Uint8Array(0),
      createRevision: 0,
      modRevision: this.revision + 1,
      version: 0,
      lease: 0n,
    };
    this.#report(events, 'delete', kv);
  }

  /** `prevKv` is the state before the transaction; a creation has none. */
  #report(events: Event[], type: Event['type'], kv: KeyValue): void {
    const prevKv = kv.version === 1 ? undefined : this.#now().get(kv.key);
    events.push(prevKv === undefined ? { type, kv } : { type, kv, prevKv });
  }

  #commit(draft: State, events: Event[]): void {
    if (events.length === 0) return;
    this.states.push(draft);
    this.events.push(events);
  }
}

function refuse(why: string): never {
  throw new Error(why);
}

function sorted(state: State): KeyValue[] {
  return [...state.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

export function inRange(
  key: Key,
  range: { readonly key: Key; readonly rangeEnd?: Key | undefined },
): boolean {
  if (!range.rangeEnd) return key === range.key;
  return key >= range.key && (range.rangeEnd === '\0' || key < range.rangeEnd);
}

function rangeOf(state: State, request: RangeRequest): RangeResult {
  let kvs = sorted(state).filter((kv) => inRange(kv.key, request));
  const count = kvs.length;
  if (request.countOnly) return { kvs: [], more: false, count };
  kvs = kvs.filter(
    (kv) =>
      (!request.minModRevision || kv.modRevision >= request.minModRevision) &&
      (!request.maxModRevision || kv.modRevision <= request.maxModRevision) &&
      (!request.minCreateRevision || kv.createRevision >= request.minCreateRevision) &&
      (!request.maxCreateRevision || kv.createRevision <= request.maxCreateRevision),
  );
  if (request.sortOrder === 'descend') kvs.sort((a, b) => (a.key < b.key ? 1 : -1));
  const limit = request.limit || Infinity;
  const more = kvs.length > limit;
  if (more) kvs.length = limit;
  if (request.keysOnly) kvs = kvs.map((kv) => ({ ...kv, value: new Uint8Array(0) }));
  return { kvs, more, count };
}

function branch(before: State, request: TxnRequest): readonly RequestOp[] {
  const succeeded = request.compare.every((compare) => holds(before, compare));
  return succeeded ? request.success : request.failure;
}

function holds(state: State, compare: Compare): boolean {
  const kvs = sorted(state).filter((kv) => inRange(kv.key, compare));
  if (kvs.length === 0) {
    return compare.target !== 'value' && agrees(compare.result, 0n, wanted(compare));
  }
  return kvs.every((kv) => {
    if (compare.target === 'value') {
      return agrees(compare.result, text(kv.value), text(compare.value));
    }
    const fields = {
      version: BigInt(kv.version),
      create: BigInt(kv.createRevision),
      mod: BigInt(kv.modRevision),
      lease: kv.lease,
    };
    return agrees(compare.result, fields[compare.target], wanted(compare));
  });
}

function wanted(compare: Exclude<Compare, { target: 'value' }>): bigint {
  return compare.target === 'lease' ? compare.lease : BigInt(compare.revision);
}

function agrees<T>(result: Compare['result'], a: T, b: T): boolean {
  return { equal: a === b, 'not-equal': a !== b, greater: a > b, less: a < b }[result];
}

function text(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
