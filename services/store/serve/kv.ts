import type { WithHeader } from '#shared/client';
import {
  checkDeleteRange,
  checkPut,
  checkRange,
  checkTxn,
  type DeleteRangeRequest,
  type DeleteRangeResult,
  isTxnReadOnly,
  isTxnSerializable,
  type PutRequest,
  type PutResult,
  type RangeRequest,
  type RangeResult,
  type ResponseHeader,
  type TxnRequest,
  type TxnResult,
} from '#shared/mvcc';
import type { Caller } from '../auth/caller.ts';
import { storeErrors } from '../errors.ts';
import type { Outcome } from '../state/state-machine.ts';
import type { Operation } from '../wire/command.ts';
import { headerAt, headerNow, type Serving } from './context.ts';
import type { Quota } from './quota.ts';

/** etcd's KV service without its wire. */
export class Kv {
  readonly #serving: Serving;
  readonly #quota: Quota;

  constructor(serving: Serving, quota: Quota) {
    this.#serving = serving;
    this.#quota = quota;
  }

  /** `turn`: what is awaited before more than one key is read. */
  async range(
    request: RangeRequest,
    caller: Caller,
    turn?: () => Promise<void> | undefined,
  ): Promise<WithHeader<RangeResult>> {
    const { node, state } = this.#serving;
    checkRange(request);
    if (!request.serializable) await node.linearizable();
    if (turn && request.rangeEnd !== undefined) await turn();
    state.authority.checkRead(caller, request.key, request.rangeEnd);
    if (state.alarms.has('corrupt')) throw storeErrors.corrupt();
    return { header: headerNow(this.#serving), ...state.mvcc.range(request) };
  }

  async put(request: PutRequest, caller: Caller): Promise<WithHeader<PutResult>> {
    checkPut(request);
    const put = { type: 'put', put: request, caller } as const;
    return this.#answer((await this.#quota.propose(put)) as Outcome<PutResult>);
  }

  async deleteRange(
    request: DeleteRangeRequest,
    caller: Caller,
  ): Promise<WithHeader<DeleteRangeResult>> {
    checkDeleteRange(request);
    return this.#propose<DeleteRangeResult>({ type: 'delete-range', deleteRange: request, caller });
  }

  async txn(request: TxnRequest, caller: Caller): Promise<WithHeader<TxnResult>> {
    const { node, state, limits } = this.#serving;
    checkTxn(request, limits);
    if (!isTxnReadOnly(request)) {
      return this.#propose<TxnResult>({ type: 'txn', txn: request, caller });
    }
    if (!isTxnSerializable(request)) await node.linearizable();
    state.authority.checkTxn(caller, request);
    if (state.alarms.has('corrupt')) throw storeErrors.corrupt();
    const { result, revision } = state.mvcc.txn(request);
    return { header: headerAt(this.#serving, revision), ...result };
  }

  /** `physical`: resolves once this member has deleted what the compaction dropped. */
  async compact(revision: number, physical: boolean, caller: Caller): Promise<ResponseHeader> {
    const { node } = this.#serving;
    const outcome = (await node.propose({ type: 'compact', revision, caller })) as Outcome;
    node.wakeIdle();
    if (physical) await this.#compacted();
    return headerAt(this.#serving, outcome.revision);
  }

  async #compacted(): Promise<void> {
    const { state, clock } = this.#serving;
    while (state.mvcc.compactionPending) await clock.sleep(5);
  }

  async #propose<T extends object>(operation: Operation): Promise<WithHeader<T>> {
    return this.#answer((await this.#quota.propose(operation)) as Outcome<T>);
  }

  #answer<T extends object>({ revision, result }: Outcome<T>): WithHeader<T> {
    return { header: headerAt(this.#serving, revision), ...result };
  }
}
