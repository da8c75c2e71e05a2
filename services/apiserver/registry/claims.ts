import { claimKey, invalid, type KubeObject, type Resource, type Service } from '#shared/api';
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
 * What changes among the unique things an object holds. A claim of the object as it was `asked` for,
 * if taken, is refused; what the server picked beyond it is picked again.
 */
export function changedClaims(
  resource: Resource,
  old: KubeObject | undefined,
  next: KubeObject | undefined,
  asked: KubeObject | undefined,
): ClaimChanges {
  if (!resource.claims) return { added: [], dropped: [], guards: [] };
  const before = new Set(old ? resource.claims(old) : []);
  const after = new Set(next ? resource.claims(next) : []);
  const added = [...after].filter((claim) => !before.has(claim));
  const dropped = [...before].filter((claim) => !after.has(claim));
  const named = new Set(asked ? resource.claims(asked) : []);
  const guards = added.map((claim) =>
    claimGuard(claim, () =>
      asked && named.has(claim) ? claimTaken(resource, asked, claim) : 'retry',
    ),
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

function claimTaken(resource: Resource, object: KubeObject, claim: string): QuorateError {
  const [family, value] = split(claim);
  const cause = (field: string, message: string): QuorateError =>
    invalid(resource, object.metadata?.name ?? '', [
      { field, message: `Invalid value: ${message}`, reason: 'FieldValueInvalid' },
    ]);
  if (family === 'nodeport') {
    const ports = (object as Service).spec?.ports ?? [];
    const at = ports.findIndex(({ nodePort }) => String(nodePort) === value);
    return cause(`spec.ports[${at}].nodePort`, `${value}: provided port is already allocated`);
  }
  if (family === 'clusterip') {
    const detail = `failed to allocate IP ${value}: provided IP is already allocated`;
    return cause('spec.clusterIPs', `["${value}"]: ${detail}`);
  }
  return cause('spec', `"${value}": is already taken`);
}

/** Family and value: the value may have slashes of its own. */
const split = (claim: string): [string, string] => {
  const slash = claim.indexOf('/');
  return [claim.slice(0, slash), claim.slice(slash + 1)];
};
