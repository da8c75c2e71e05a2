import type { Clock } from '#shared/clock';
import type { ClusterView } from '../wire/cluster.ts';
import { protocol } from './accept.ts';
import { converse } from './converse.ts';
import type { PeerSecurity } from './security.ts';

/** Whoever lives answers at once; whoever is not there refuses at once. */
const timeoutMs = 1000;

/** Asks the member at `address` for its cluster; undefined where it does not say. */
export async function askCluster(
  address: string,
  security: PeerSecurity,
  clock: Clock,
): Promise<ClusterView | undefined> {
  const hello = {
    protocol,
    purpose: 'members',
    cluster: 0,
    from: 0,
    to: 0,
    incarnation: 0,
    addresses: [],
  } as const;
  try {
    const answer = await converse({ address, hello, security, clock, timeoutMs }, () =>
      Promise.resolve(),
    );
    return 'cluster' in answer ? answer.cluster : undefined;
  } catch {
    return undefined;
  }
}
