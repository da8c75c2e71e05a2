import type { LeaseId } from '#shared/mvcc';
import type { Message, NodeId } from '#shared/raft';
import type { ClusterView } from '../wire/cluster.ts';
import type { MemberChange } from '../wire/command.ts';

export interface LeaderLeaseRequest {
  readonly id: LeaseId;
  readonly renew: boolean;
}

/** Of a member's keys and history from the compaction on, up to a revision. */
export interface Digest {
  readonly hash: number;
  readonly revision: number;
  readonly compactRevision: number;
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
  /** Asked of the leader; resolves when the change is applied there. */
  changeMembers(change: MemberChange): Promise<void>;
  /** Of this member's data up to a revision; 0: all of it. */
  digest(revision: number): Promise<Digest>;
  /** What is told to whoever comes with an empty disk. */
  cluster(): ClusterView;
  /** Throws where a caller of this id and incarnation must not be listened to. */
  admit(id: NodeId, incarnation: number): void;
  /** Another member refuses to listen to this one, for good. */
  refused(error: Error): void;
}

/** How members reach each other. Messages may be lost and reordered; senders never wait. */
export interface PeerTransport {
  start(handlers: PeerHandlers): Promise<void>;
  /** Everybody but this member; where each may be, as `host:port`. Callers are looked at anew. */
  setPeers(peers: ReadonlyMap<NodeId, readonly string[]>): void;
  send(messages: readonly Message[]): void;
  sendSnapshot(message: Message, chunks: AsyncIterable<Uint8Array>): Promise<void>;
  leaderLease(leader: NodeId, request: LeaderLeaseRequest, timeoutMs: number): Promise<number>;
  changeMembers(leader: NodeId, change: MemberChange, timeoutMs: number): Promise<void>;
  digest(member: NodeId, revision: number, timeoutMs: number): Promise<Digest>;
  /** Since when (`Clock.monotonic`) messages get through to this member; undefined: they do not. */
  connectedSince(id: NodeId): number | undefined;
  stop(): Promise<void>;
}
