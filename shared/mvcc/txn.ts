import { assertNever } from '#shared/base';
import { compareBytes } from './bytes.ts';
import { newest, type KeyHistory } from './key-history.ts';
import { endOf } from './key-range.ts';
import { noLease } from './records.ts';
import type { RevisionStore } from './revision-store.ts';
import type { Compare, RequestOp, TxnRequest } from './types.ts';

/** A transaction whose conditions are decided: the operations to execute, nested ones too. */
export interface TxnPlan {
  readonly succeeded: boolean;
  readonly steps: readonly TxnStep[];
}

export type TxnStep =
  | Exclude<RequestOp, { type: 'txn' }>
  | { readonly type: 'txn'; readonly plan: TxnPlan };

/** Decides every condition on the state before the transaction, those of nested ones too. */
export function planTxn(store: RevisionStore, request: TxnRequest): TxnPlan {
  const succeeded = request.compare.every((compare) => holds(store, compare));
  const ops = succeeded ? request.success : request.failure;
  const steps = ops.map((op): TxnStep => {
    return op.type === 'txn' ? { type: 'txn', plan: planTxn(store, op.txn) } : op;
  });
  return { succeeded, steps };
}

function holds(store: RevisionStore, compare: Compare): boolean {
  let found = false;
  let result = true;
  store.walk(compare.key, endOf(compare.rangeEnd), undefined, (history) => {
    found = true;
    result = matches(compare, order(store, compare, history));
    return result;
  });
  if (found) return result;
  // An absent key compares as zero; its value as nothing at all.
  return compare.target !== 'value' && matches(compare, order(store, compare, undefined));
}

/** How what the key has compares to what the condition names. */
function order(store: RevisionStore, compare: Compare, history: KeyHistory | undefined): number {
  switch (compare.target) {
    case 'version':
      return (history?.version ?? 0) - compare.revision;
    case 'create':
      return (history?.createRevision ?? 0) - compare.revision;
    case 'mod':
      return (history?.main ?? 0) - compare.revision;
    case 'lease': {
      const lease = history?.lease ?? noLease;
      return lease < compare.lease ? -1 : lease > compare.lease ? 1 : 0;
    }
    case 'value':
      return history === undefined
        ? -1
        : compareBytes(store.read(history, newest).value, compare.value);
    default:
      return assertNever(compare, 'compare target');
  }
}

function matches(compare: Compare, order: number): boolean {
  switch (compare.result) {
    case 'equal':
      return order === 0;
    case 'not-equal':
      return order !== 0;
    case 'greater':
      return order > 0;
    case 'less':
      return order < 0;
    default:
      return assertNever(compare.result, 'compare result');
  }
}
