import { QuorateError } from '#shared/base';
import { claimKey, type Namespace } from '#shared/api';
import type { Fence } from '#shared/client';
import type { Key, KeyValue } from '#shared/mvcc';
import type { Guard } from './guarded-txn.ts';
import { electionKey } from './keys.ts';

/** A leader's write goes through only while its election still has its token. */
export function fenceGuard(fence: Fence): Guard {
  const { election, token } = fence;
  return {
    compare: { key: electionKey(election), target: 'create', result: 'equal', revision: token },
    judge: (found) =>
      found?.createRevision === token
        ? undefined
        : new QuorateError(
            'fenced',
            `the write carries token ${token} of election "${election}", which ${
              found ? `now has token ${found.createRevision}` : 'has no leader now'
            }`,
          ),
  };
}

/** The key must not exist. */
export function absentGuard(key: Key, taken: () => QuorateError): Guard {
  return {
    compare: { key, target: 'create', result: 'equal', revision: 0 },
    judge: (found) => (found ? taken() : undefined),
  };
}

/** The key must still be as it was read. */
export function unchangedGuard(key: Key, modRevision: number): Guard {
  return {
    compare: { key, target: 'mod', result: 'equal', revision: modRevision },
    judge: (found) => ((found?.modRevision ?? 0) === modRevision ? undefined : 'retry'),
  };
}

/** Nobody may hold the claim. */
export function claimGuard(claim: string, taken: () => QuorateError | 'retry'): Guard {
  const key = claimKey(claim);
  return {
    compare: { key, target: 'create', result: 'equal', revision: 0 },
    judge: (found) => (found ? taken() : undefined),
  };
}

export const isTerminating = (namespace: Namespace): boolean =>
  namespace.metadata?.deletionTimestamp !== undefined || namespace.status?.phase === 'Terminating';

/** The namespace must be as last seen, which is existing and not terminating. */
export function namespaceGuard(
  key: Key,
  modRevision: number,
  found: (kv: KeyValue | undefined) => QuorateError | undefined,
): Guard {
  return {
    compare: { key, target: 'mod', result: 'equal', revision: modRevision },
    judge: (kv) => (kv?.modRevision === modRevision ? undefined : (found(kv) ?? 'retry')),
  };
}
