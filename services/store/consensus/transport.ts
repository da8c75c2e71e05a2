import type { LeaseId } from '#shared/mvcc';
import type { Message, NodeId } from '#shared/raft';

export interface LeaderLeaseRequest {
  readonly id: LeaseId;
  readonly renew: boolean;
}

/** What the transport tells its member. */
export interface PeerHandlers {
  receive(messages: readonly Message[]): void;
  /** Resolves when the snapshot is taken over, or not wanted. */
  receiveSnapshot(message: Message, chunks: AsyncIterable<Uint8Array>): Promise<void>;
  /** Messages get through to this member from now on. */
  connected(id: NodeId): void;
  /** A connection from or to this member has dropped: its process may have died. */
  disconnected(id: NodeId): void;
  /** Messages to this member were lost. */
  unreachable(id: NodeId): void;
  /** Asked of the leader; seconds left, -1 where the lease is gone. */
  leaderLease(request: LeaderLeaseRequest): Promise<number>;
}

/** How members reach each other. Messages may be lost and reordered; senders never wait. */
export interface PeerTransport {
  start(handlers: PeerHandlers): Promise<void>;
  /** Everybody but this member; addresses as `host:port`. */
  setPeers(peers: ReadonlyMap<NodeId, string>): void;
  send(messages: readonly Message[]): void;
  sendSnapshot(message: Message, chunks: AsyncIterable<Uint8Array>): Promise<void>;
  leaderLease(leader: NodeId, request: LeaderLeaseRequest, timeoutMs: number): Promise<number>;
  /** Since when (`Clock.monotonic`) messages get through to this member; undefined: they do not. */
  connectedSince(id: NodeId): number | undefined;
  stop(): Promise<void>;
}
