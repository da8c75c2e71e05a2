import { BrokenPromise } from '#shared/checks';
import type { Mvcc } from '#shared/mvcc';

/** A lease has just the keys that say so: they go with it. For stores of few keys. */
export function checkAttachments(member: string, mvcc: Mvcc): void {
  const { leases, revision } = mvcc;
  if (leases.size === 0) return;
  const { kvs } = mvcc.range({ key: '\0', rangeEnd: '\0', keysOnly: true });
  for (const id of leases.ids()) {
    const named = kvs.filter(({ lease }) => lease === id).map(({ key }) => key);
    const held = leases.info(id)?.keys ?? [];
    if (held.join() === named.join()) continue;
    throw new BrokenPromise(
      `${member} at revision ${revision}: lease ${id} has [${held.join()}], of keys that name it there are [${named.join()}]`,
    );
  }
}
