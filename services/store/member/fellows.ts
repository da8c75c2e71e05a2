import type { PeerTransport } from '../consensus/transport.ts';
import type { StateMachine } from '../state/state-machine.ts';
import type { ClusterView } from '../wire/cluster.ts';
import type { Identity } from './identity.ts';
import { refusals } from './refusal.ts';

export interface FellowsParts {
  readonly identity: Identity;
  readonly state: StateMachine;
  readonly transport: PeerTransport;
  /** Names and peer URLs that this start was told. */
  readonly told: Readonly<Record<string, readonly string[]>>;
  /** This member is none any more. */
  readonly leave: (error: Error) => void;
}

/** Who else belongs to the cluster, by the table of members: for the transport. */
export class Fellows {
  readonly #parts: FellowsParts;

  constructor(parts: FellowsParts) {
    this.#parts = parts;
  }

  changed(): void {
    const { identity, state, transport, told, leave } = this.#parts;
    const { members, removed } = state.table;
    if (removed.has(identity.memberId)) leave(refusals.removed(identity.memberId));
    const peers = new Map<number, string[]>();
    for (const { id, name, peerUrls } of members.values()) {
      // What this start was told may be newer than what its member could tell before it went.
      const urls = new Set([...(told[name] ?? []), ...peerUrls]);
      if (id !== identity.memberId) peers.set(id, [...urls]);
    }
    transport.setPeers(peers);
  }

  view(): ClusterView {
    const { identity, state } = this.#parts;
    const { members, removed } = state.table;
    return { id: identity.clusterId, members: [...members.values()], removed: [...removed] };
  }

  /** Throws where whoever says to be member `id`, with that data, is to be turned away. */
  admit(id: number, incarnation: number): void {
    const { members, removed } = this.#parts.state.table;
    if (removed.has(id)) throw refusals.removed(id);
    const known = members.get(id);
    // One that is not known here yet may have been added a moment ago.
    if (!known || known.incarnation === 0 || known.incarnation === incarnation) return;
    throw refusals.bootstrapped(id, known.name, known.peerUrls[0] ?? '');
  }
}
