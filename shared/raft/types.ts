/**
 * Vocabulary of the consensus core, after Ongaro's thesis ("Consensus: Bridging Theory and
 * Practice", 2014) and in the shape of etcd-io/raft: messages, proposals and ticks go in, `Ready`
 * values come out.
 */

/** A member's identity, never its address: an integer in [1, 2^53). 0 means "none". */
export type NodeId = number;
export const noNode: NodeId = 0;

export interface Entry {
  readonly term: number;
  readonly index: number;
  /** `conf-change` entries carry an encoded ConfChange; an empty `normal` entry is a leader's first. */
  readonly type: 'normal' | 'conf-change';
  readonly data: Uint8Array;
}

/** What must be durable before a member may speak again (thesis, figure 3.1). */
export interface HardState {
  readonly term: number;
  /** `noNode` where no vote was given in this term. */
  readonly vote: NodeId;
  readonly commit: number;
}

/** A configuration; while `votersOutgoing` is not empty it is a joint one (thesis, section 4.3). */
export interface ConfState {
  readonly voters: readonly NodeId[];
  readonly learners: readonly NodeId[];
  readonly votersOutgoing: readonly NodeId[];
  /** Voters of the outgoing configuration that become learners once the joint one is left. */
  readonly learnersNext: readonly NodeId[];
  /** Leave the joint configuration as soon as it is committed. */
  readonly autoLeave: boolean;
}

export interface ConfChangeSingle {
  readonly type: 'add-voter' | 'add-learner' | 'remove';
  readonly nodeId: NodeId;
}

/**
 * One membership change. A single change of one voter is applied directly; several at once, or
 * `joint: true`, go through a joint configuration. An empty `changes` leaves the joint one.
 */
export interface ConfChange {
  readonly changes: readonly ConfChangeSingle[];
  /** Force a joint configuration (`explicit`: somebody proposes the leaving later). */
  readonly joint?: 'auto' | 'implicit' | 'explicit' | undefined;
  /** Opaque to raft: what the host wants to remember with it (names, addresses). */
  readonly context: Uint8Array;
}

export interface SnapshotMetadata {
  readonly index: number;
  readonly term: number;
  readonly confState: ConfState;
}

/** The state itself travels beside the message; `data` is the host's small description of it. */
export interface Snapshot {
  readonly metadata: SnapshotMetadata;
  readonly data: Uint8Array;
}

interface Envelope {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly term: number;
}

export type Message = Envelope &
  (
    | {
        readonly type: 'append';
        readonly prevLogIndex: number;
        readonly prevLogTerm: number;
        readonly entries: readonly Entry[];
        readonly commit: number;
      }
    | {
        readonly type: 'append-response';
        /** Last index known to match, or where `reject` is set the one that did not. */
        readonly index: number;
        readonly reject: boolean;
        /** Where the follower suggests to probe next, and its term there. */
        readonly rejectHint: number;
        readonly rejectHintTerm: number;
      }
    | { readonly type: 'heartbeat'; readonly commit: number; readonly readContext: number }
    | { readonly type: 'heartbeat-response'; readonly readContext: number }
    | {
        readonly type: 'vote';
        readonly preVote: boolean;
        readonly lastLogIndex: number;
        readonly lastLogTerm: number;
        /** The leader itself asked for this election: leader stickiness does not apply. */
        readonly transfer: boolean;
      }
    | {
        readonly type: 'vote-response';
        readonly preVote: boolean;
        readonly reject: boolean;
        /** Newest entry that the answering member knows to be committed, and its term. */
        readonly commit: number;
        readonly commitTerm: number;
      }
    | { readonly type: 'snapshot'; readonly snapshot: Snapshot }
    /**
     * Forwarded by a follower; accepted only by the leader of exactly this `term`, and never
     * forwarded again. So once the empty first entry of a newer term is applied, a proposal made in
     * an earlier term that has not been applied by then never will be, and a host may safely propose
     * it again.
     */
    | { readonly type: 'propose'; readonly entries: readonly Pick<Entry, 'type' | 'data'>[] }
    | { readonly type: 'read-index'; readonly context: number }
    | { readonly type: 'read-index-response'; readonly context: number; readonly index: number }
    | { readonly type: 'transfer-leader'; readonly target: NodeId }
    | { readonly type: 'timeout-now' }
  );

export type MessageType = Message['type'];

export type Role = 'follower' | 'pre-candidate' | 'candidate' | 'leader';

/** A linearizable read may be served once `index` is applied. `context` is the caller's own. */
export interface ReadState {
  readonly context: number;
  readonly index: number;
}

/** What changed for people and clients; needs no durability. */
export interface SoftState {
  readonly role: Role;
  readonly leader: NodeId;
}

/**
 * One turn's output. The law of its order:
 *
 * 1. `messages` may be sent at once, while the writes below are still under way.
 * 2. `hardState`, `snapshot` and `entries` are made durable together, in one write.
 * 3. Only then `messagesAfterSync` are sent, and `advance(ready)` is called.
 * 4. `committed` entries are durable here already and are applied in order; the host says
 *    `applied(index)` when that is done.
 *
 * Several Readys may be under way at once; they are made durable and advanced in the order taken.
 * One without writes of its own still waits for those before it: its `messagesAfterSync` may answer
 * for them. Entries replace whatever the log holds from the first one's index on, and a snapshot
 * replaces all of it. A write must survive a power failure unless only `hardState.commit` changed.
 */
export interface Ready {
  readonly softState?: SoftState | undefined;
  readonly hardState?: HardState | undefined;
  readonly snapshot?: Snapshot | undefined;
  readonly entries: readonly Entry[];
  readonly messages: readonly Message[];
  readonly messagesAfterSync: readonly Message[];
  readonly committed: readonly Entry[];
  readonly readStates: readonly ReadState[];
}

/**
 * The durable log as raft reads it: it shows at least every write that has been advanced, and may
 * show those under way. Synchronous: hosts keep the tail that raft can ask for in
 * memory, or read it with a synchronous call.
 */
export interface LogReader {
  /**
   * `confState` is the configuration as of the applied index that raft is started with. The first
   * members of a cluster start from one and the same snapshot that holds it (index and term 1, say),
   * so that whoever joins later gets it with that snapshot.
   */
  initialState(): { readonly hardState: HardState; readonly confState: ConfState };
  /** Index just before the first entry kept; its term is known (compaction or snapshot point). */
  compactedIndex(): number;
  lastIndex(): number;
  /** Undefined where the entry is compacted away or not there yet. */
  term(index: number): number | undefined;
  /** Entries in [low, high), which exist; fewer where `maxBytes` says so, but at least one. */
  entries(low: number, high: number, maxBytes: number): readonly Entry[];
  /** The newest snapshot to send to a member that is too far behind; undefined: not ready yet. */
  snapshot(): Snapshot | undefined;
}
