import { assertNever } from '#shared/base';
import type { KnownKv } from '#shared/checks';
import type {
  DeleteRangeRequest,
  PutRequest,
  RangeRequest,
  RequestOp,
  TxnRequest,
} from '#shared/mvcc';
import { textOf } from '../../clients/recorder.ts';
import { holds, tell, within } from './ranges.ts';

/** What became of a key, in one revision. */
export interface Change {
  readonly type: 'put' | 'delete';
  readonly kv: KnownKv;
}

/** A refusal, on its way out of a transaction. */
export class Refused extends Error {}

export const refusals = {
  compacted: 'etcdserver: mvcc: required revision has been compacted',
  future: 'etcdserver: mvcc: required revision is a future revision',
  noLease: 'etcdserver: requested lease not found',
  noKey: 'etcdserver: key not found',
} as const;

/** A revision in the making. */
export class Draft {
  readonly changes: Change[] = [];
  readonly #past: readonly (readonly KnownKv[])[];
  readonly #compacted: number;
  readonly #leases: ReadonlyMap<bigint, unknown>;
  readonly #before: readonly KnownKv[];
  kvs: readonly KnownKv[];

  constructor(
    past: readonly (readonly KnownKv[])[],
    compactedTo: number,
    leases: ReadonlyMap<bigint, unknown>,
  ) {
    this.#past = past;
    this.#compacted = compactedTo;
    this.#leases = leases;
    this.#before = past.at(-1) ?? [];
    this.kvs = this.#before;
  }

  get #base(): number {
    return this.#past.length - 1;
  }

  get #revision(): number {
    return this.#base + (this.changes.length > 0 ? 1 : 0);
  }

  range(request: RangeRequest): unknown {
    const { key, rangeEnd, revision } = request;
    const kvs = revision ? (this.#past[revision] ?? []) : this.kvs;
    return tell(within(kvs, key, rangeEnd), request);
  }

  put({ key, value, lease = 0n, prevKv, ignoreValue, ignoreLease }: PutRequest): unknown {
    const before = this.kvs.find((kv) => kv.key === key);
    if (!before && (ignoreValue || ignoreLease)) throw new Refused(refusals.noKey);
    if (lease !== 0n && !this.#leases.has(lease)) throw new Refused(refusals.noLease);
    const mod = this.#base + 1;
    const kv = {
      key,
      value: ignoreValue ? before?.value : textOf(value),
      create: before?.create ?? mod,
      mod,
      version: (before?.version ?? 0) + 1,
      lease: ignoreLease ? before?.lease : String(lease),
    };
    this.changes.push({ type: 'put', kv });
    this.kvs = [...this.kvs.filter((other) => other.key !== key), kv].sort(byKey);
    return prevKv && before ? { prevKv: before } : {};
  }

  deleteRange({ key, rangeEnd, prevKv }: DeleteRangeRequest): unknown {
    const doomed = within(this.kvs, key, rangeEnd);
    const mod = this.#base + 1;
    for (const kv of doomed) this.changes.push({ type: 'delete', kv: { key: kv.key, mod } });
    this.kvs = this.kvs.filter((kv) => !doomed.includes(kv));
    return { deleted: doomed.length, prevKvs: prevKv ? doomed : [] };
  }

  /** Its conditions are about what was before the whole transaction, nested ones too. */
  txn(request: TxnRequest): unknown {
    this.#check(request, 'put');
    this.#check(request, 'range');
    return this.#run(request);
  }

  #branch({ compare, success, failure }: TxnRequest): readonly RequestOp[] {
    return compare.every((each) => holds(within(this.#before, each.key, each.rangeEnd), each))
      ? success
      : failure;
  }

  /** What would be refused is refused before anything is done. */
  #check(request: TxnRequest, what: 'put' | 'range'): void {
    for (const op of this.#branch(request)) {
      if (op.type === 'txn') this.#check(op.txn, what);
      if (op.type === 'put' && what === 'put') this.#checkPut(op.put);
      if (op.type !== 'range' || what !== 'range' || !op.range.revision) continue;
      if (op.range.revision > this.#base) throw new Refused(refusals.future);
      if (op.range.revision < this.#compacted) throw new Refused(refusals.compacted);
    }
  }

  #checkPut({ key, lease = 0n, ignoreValue, ignoreLease }: PutRequest): void {
    const keeps = ignoreValue || ignoreLease;
    if (keeps && !this.#before.some((kv) => kv.key === key)) throw new Refused(refusals.noKey);
    if (lease !== 0n && !this.#leases.has(lease)) throw new Refused(refusals.noLease);
  }

  #run(request: TxnRequest): unknown {
    const branch = this.#branch(request);
    const responses = branch.map((op) => {
      switch (op.type) {
        case 'range':
          return { type: 'range', range: this.range(op.range), revision: this.#revision };
        case 'put':
          return { type: 'put', put: this.put(op.put), revision: this.#revision };
        case 'deleteRange': {
          const deleteRange = this.deleteRange(op.deleteRange);
          return { type: 'deleteRange', deleteRange, revision: this.#revision };
        }
        case 'txn':
          return { type: 'txn', txn: this.#run(op.txn), revision: 0 };
        default:
          return assertNever(op, 'operation');
      }
    });
    return { succeeded: branch === request.success, responses };
  }
}

function byKey(a: KnownKv, b: KnownKv): number {
  return a.key < b.key ? -1 : Number(a.key > b.key);
}
