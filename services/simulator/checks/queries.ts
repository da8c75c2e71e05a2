import { assertNever } from '#shared/base';
import { BrokenPromise, type KnownKv } from '#shared/checks';
import type { Compare, RangeRequest, RangeResult, TxnRequest, TxnResult } from '#shared/mvcc';
import type { Query } from '../clients/queries.ts';
import { known } from '../clients/recorder.ts';
import type { Past } from './past.ts';

/** Every way to ask for a range, and conditions on ranges: worked out anew, on what the log says. */
export class QueryCheck {
  readonly #past: Past;

  constructor(past: Past) {
    this.#past = past;
  }

  run(queries: readonly Query[]): void {
    for (const query of queries) {
      const { who, revision, request, result } = query;
      const wrong =
        query.type === 'range'
          ? this.#range(query.request, query.result, revision)
          : this.#txn(query.request, query.result, revision);
      if (wrong === '') continue;
      const [asked, told] = [request, result].map((each) => JSON.stringify(each, plain));
      throw new BrokenPromise(`${who} asked ${asked} and got ${told} at ${revision}: ${wrong}`);
    }
  }

  #txn(request: TxnRequest, result: TxnResult, revision: number): string {
    const succeeded = request.compare.every((compare) => this.#holds(compare, revision));
    if (succeeded !== result.succeeded) return `the conditions are ${succeeded}`;
    const ops = succeeded ? request.success : request.failure;
    for (const [i, op] of ops.entries()) {
      const answer = result.responses[i];
      let wrong = '';
      if (op.type === 'range' && answer?.type === 'range')
        wrong = this.#range(op.range, answer.range, revision);
      else if (op.type === 'txn' && answer?.type === 'txn')
        wrong = this.#txn(op.txn, answer.txn, revision);
      else wrong = `no answer to operation ${i}`;
      if (wrong !== '') return wrong;
    }
    return '';
  }

  /** For every key of a range; where there is none, for one that is 0 everywhere and has no value. */
  #holds(compare: Compare, revision: number): boolean {
    const { key, rangeEnd, result } = compare;
    const kvs: (KnownKv | undefined)[] = this.#past.rangeAt(key, rangeEnd, revision);
    return (kvs.length > 0 ? kvs : [undefined]).every((kv) => {
      if (kv === undefined && compare.target === 'value') return false;
      const order = orderOf(compare, kv);
      return { equal: order === 0, 'not-equal': order !== 0, greater: order > 0, less: order < 0 }[
        result
      ];
    });
  }

  #range(request: RangeRequest, result: RangeResult, now: number): string {
    const revision = request.revision || now;
    const all = this.#past.rangeAt(request.key, request.rangeEnd, revision);
    if (result.count !== all.length) return `there were ${all.length} keys at ${revision}`;
    if (request.countOnly) return result.kvs.length === 0 ? '' : 'only the count was asked for';
    const sorted = sort(all.filter(passes(request)), request);
    const limit = request.limit || Infinity;
    if (result.more !== sorted.length > limit) return `"more" is ${sorted.length > limit}`;
    const expected = sorted.slice(0, limit).map((kv) => textOf(kv, request.keysOnly));
    const actual = result.kvs.map((kv) => textOf(known(kv), false));
    return actual.join() === expected.join() ? '' : `expected ${expected.join()}`;
  }
}

const plain = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? String(value) : value;

function textOf({ key, value = '', create, mod, version, lease }: KnownKv, keysOnly = false) {
  return `${key}=${keysOnly ? '' : value}/${create}/${mod}/${version}/${lease}`;
}

function passes(request: RangeRequest): (kv: KnownKv) => boolean {
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = request;
  const within = (value = 0, min = 0, max = 0): boolean => value >= min && (!max || value <= max);
  return ({ mod, create }) =>
    within(mod, minModRevision, maxModRevision) &&
    within(create, minCreateRevision, maxCreateRevision);
}

/** A target without an order is ascending, but only what the limit has left of the keys' own order. */
function sort(kvs: readonly KnownKv[], request: RangeRequest): readonly KnownKv[] {
  const { sortOrder = 'none', sortTarget = 'key' } = request;
  const by = (kv: KnownKv): string | number => {
    if (sortTarget === 'key') return kv.key;
    return (sortTarget === 'value' ? kv.value : kv[sortTarget]) ?? 0;
  };
  const compare = (a: KnownKv, b: KnownKv): number => (by(a) < by(b) ? -1 : by(a) > by(b) ? 1 : 0);
  if (sortOrder === 'descend') return [...kvs].sort((a, b) => compare(b, a));
  return sortTarget === 'key' ? kvs : [...kvs].sort(compare);
}

function orderOf(compare: Compare, kv: KnownKv | undefined): number {
  switch (compare.target) {
    case 'version':
    case 'create':
    case 'mod':
      return (kv?.[compare.target] ?? 0) - compare.revision;
    case 'lease':
      return Number(BigInt(kv?.lease ?? 0) - compare.lease);
    case 'value':
      return Buffer.compare(Buffer.from(kv?.value ?? '', 'latin1'), compare.value);
    default:
      return assertNever(compare, 'compare target');
  }
}
