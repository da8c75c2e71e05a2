import type { DeleteRangeRequest, LeaseId, PutRequest, RangeRequest, TxnRequest } from './types.ts';

export interface CheckLimits {
  readonly maxTxnOps: number;
}

export function checkRange(_request: RangeRequest): void {}
export function checkPut(_request: PutRequest): void {}
export function checkDeleteRange(_request: DeleteRangeRequest): void {}
export function checkTxn(_request: TxnRequest, _limits: CheckLimits): void {}
/** The TTL to propose: at least `minTtlSeconds`. Throws `out-of-range` over etcd's maximum. */
export function checkLeaseGrant(
  request: { readonly id?: LeaseId | undefined; readonly ttlSeconds: number },
  _limits: { readonly minTtlSeconds: number },
): number {
  return request.ttlSeconds;
}
/** Whether it can be served as a read, without a log entry. */
export function isTxnReadOnly(_request: TxnRequest): boolean {
  return false;
}
/** Whether every range of a read-only transaction asks for this member's own state. */
export function isTxnSerializable(_request: TxnRequest): boolean {
  return false;
}
