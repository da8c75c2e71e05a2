import { BrokenPromise, type KnownKv } from '#shared/checks';
import type { RangeRequest, RangeResult, TxnRequest, TxnResult } from '#shared/mvcc';
import type { Query } from '../clients/queries.ts';
import { known } from '../clients/recorder.ts';
import { holds, tell } from './model/ranges.ts';
import type { Past } from './past.ts';

/** Every way to ask for a range, and conditions on ranges: worked out anew, on what the log says. */
export class QueryCheck {
  readonly #past: Past;

  constructor(past: Past) {
    this.#past = past;
  }

  run(queries: readonly Query[]): void {
    for (const query of queries) {
      const { who, fromMs, revision, request, result } = query;
      const wrong =
        this.#old(fromMs, revision) ||
        (query.type === 'range'
          ? this.#range(query.request, query.result, revision)
          : this.#txn(query.request, query.result, revision));
      if (wrong === '') continue;
      const [asked, told] = [request, result].map((each) => JSON.stringify(each, plain));
      throw new BrokenPromise(`${who} asked ${asked} and got ${told} at ${revision}: ${wrong}`);
    }
  }

  /** What somebody had applied was committed. */
  #old(fromMs: number, revision: number): string {
    const there = this.#past.revisionAt(fromMs);
    return revision >= there ? '' : `it was asked at ${Math.round(fromMs)} ms, which had ${there}`;
  }

  #txn(request: TxnRequest, result: TxnResult, revision: number): string {
    const succeeded = request.compare.every((compare) =>
      holds(this.#past.rangeAt(compare.key, compare.rangeEnd, revision), compare),
    );
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

  #range(request: RangeRequest, result: RangeResult, now: number): string {
    const revision = request.revision || now;
    const { kvs, more, count } = tell(
      this.#past.rangeAt(request.key, request.rangeEnd, revision),
      request,
    );
    if (result.count !== count) return `there were ${count} keys at ${revision}`;
    if (result.more !== more) return `"more" is ${more}`;
    const expected = kvs.map(textOf).join();
    return result.kvs.map((kv) => textOf(known(kv))).join() === expected
      ? ''
      : `expected ${expected}`;
  }
}

const plain = (_: string, value: unknown): unknown =>
  typeof value === 'bigint' ? String(value) : value;

function textOf({ key, value = '', create, mod, version, lease }: KnownKv): string {
  return `${key}=${value}/${create}/${mod}/${version}/${lease}`;
}
