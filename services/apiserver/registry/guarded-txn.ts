import { must, QuorateError } from '#shared/base';
import type { KvClient } from '#shared/client';
import type { Compare, Key, KeyValue, RequestOp } from '#shared/mvcc';

/**
 * One condition of a write, evaluated by the store in the same transaction. Where the transaction
 * fails, `judge` is shown the key as the failing transaction saw it and says what that means:
 * `undefined` (this condition held), an error for the caller, or `retry` (decide anew).
 */
export interface Guard {
  readonly compare: Compare;
  judge(found: KeyValue | undefined): QuorateError | 'retry' | undefined;
}

export type TxnOutcome =
  | { readonly committed: true; readonly revision: number }
  /** Nothing was written. `found` has every guarded key that exists. */
  | { readonly committed: false; readonly found: ReadonlyMap<Key, KeyValue> };

/**
 * Writes `ops` if every guard holds, in one transaction. The first guard that objects decides the
 * error, so guards come in the order of what the caller should hear first. A dry run evaluates the
 * guards and writes nothing.
 */
export async function guardedTxn(
  kv: KvClient,
  guards: readonly Guard[],
  ops: readonly RequestOp[],
  dryRun = false,
): Promise<TxnOutcome> {
  const answer = await kv.txn({
    compare: guards.map((guard) => guard.compare),
    success: dryRun ? [] : ops,
    failure: guards.map((guard) => ({ type: 'range', range: { key: guard.compare.key } })),
  });
  if (answer.succeeded) return { committed: true, revision: answer.header.revision };
  const found = new Map<Key, KeyValue>();
  for (const response of answer.responses) {
    if (response.type !== 'range') continue;
    for (const kv of response.range.kvs) found.set(kv.key, kv);
  }
  let retry = false;
  for (const guard of guards) {
    const verdict = guard.judge(found.get(guard.compare.key));
    if (verdict instanceof QuorateError) throw verdict;
    if (verdict === 'retry') retry = true;
  }
  must(retry || undefined, 'a failed transaction has a guard that did not hold');
  return { committed: false, found };
}
