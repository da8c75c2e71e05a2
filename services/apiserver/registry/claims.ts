import { claimKey, invalid, type KubeObject, type Resource } from '#shared/api';
import type { QuorateError } from '#shared/base';
import type { Key, RequestOp } from '#shared/mvcc';
import type { Guard } from './guarded-txn.ts';
import { claimGuard } from './guards.ts';

export interface ClaimChanges {
  readonly added: readonly string[];
  readonly dropped: readonly string[];
  readonly guards: readonly Guard[];
}

/**
 * What changes among the unique things an object holds. Where the server picked the value
 * (`allocated`), a taken claim means to pick another one; else the caller asked for it.
 */
export function changedClaims(
  resource: Resource,
  old: KubeObject | undefined,
  next: KubeObject | undefined,
  allocated: boolean,
): ClaimChanges {
  if (!resource.claims) return { added: [], dropped: [], guards: [] };
  const before = new Set(old ? resource.claims(old) : []);
  const after = new Set(next ? resource.claims(next) : []);
  const added = [...after].filter((claim) => !before.has(claim));
  const dropped = [...before].filter((claim) => !after.has(claim));
  const name = next?.metadata?.name ?? '';
  const guards = added.map((claim) =>
    claimGuard(claim, () => (allocated ? 'retry' : claimTaken(resource, name, claim))),
  );
  return { added, dropped, guards };
}

/** The claims' part of the transaction that writes the object at `holder`. */
export function claimOps({ added, dropped }: ClaimChanges, holder: Key): RequestOp[] {
  return [
    ...added.map((claim): RequestOp => {
      const value = Buffer.from(holder, 'latin1');
      return { type: 'put', put: { key: claimKey(claim), value } };
    }),
    ...dropped.map((claim): RequestOp => {
      return { type: 'deleteRange', deleteRange: { key: claimKey(claim) } };
    }),
  ];
}

function claimTaken(resource: Resource, name: string, claim: string): QuorateError {
  const value = claim.slice(claim.indexOf('/') + 1);
  const isService = resource.resource === 'services';
  const message = isService
    ? `Invalid value: ["${value}"]: failed to allocate IP ${value}: provided IP is already allocated`
    : `Invalid value: "${value}": is already taken`;
  const field = isService ? 'spec.clusterIPs' : 'spec';
  return invalid(resource, name, [{ field, message, reason: 'FieldValueInvalid' }]);
}
