import { assert, must } from '#shared/base';
import { allMembers, describeConf, isVoter } from './conf-change.ts';
import type { RaftConfig } from './config.ts';
import { RaftLog } from './log.ts';
import { type MessageBody, Outbox } from './outbox.ts';
import { Progress } from './progress.ts';
import { ReadIndexRounds } from './read-index.ts';
import { type ConfState, type Message, type NodeId, noNode, type Role } from './types.ts';
import { UncommittedSize } from './uncommitted.ts';

/**
 * The state of one member, and what every role does with it. The rules of the roles stand in files
 * of their own and work on this.
 */
export class Core {
  readonly id: NodeId;
  readonly config: RaftConfig;
  readonly log: RaftLog;
  readonly outbox = new Outbox();
  readonly reads = new ReadIndexRounds();
  readonly uncommitted: UncommittedSize;

  term: number;
  vote: NodeId;
  role: Role = 'follower';
  leader: NodeId = noNode;
  /** The newest known: that of a snapshot counts from its arrival on. */
  conf: ConfState;
  /** As of what the host has applied; a snapshot may overtake membership changes under way to it. */
  appliedConf: ConfState;

  /** Leader: one for each member, itself included, by id. */
  progress: ReadonlyMap<NodeId, Progress> = new Map();
  /** (Pre-)candidate: the answers so far. */
  readonly votes = new Map<NodeId, boolean>();
  /** Leader: no membership change may be proposed until this index is applied. */
  pendingConfIndex = 0;
  transferTarget: NodeId = noNode;
  /** Leader, with `lazyCommit`: up to here commits are told in messages of their own. */
  announcedCommit = 0;

  /** Ticks since the leader was heard; as a leader, since the quorum was last checked. */
  electionElapsed = 0;
  /** Drawn anew in every role change, so that two members do not collide for ever. */
  electionTimeout = 0;
  heartbeatElapsed = 0;
  transferElapsed = 0;
  /** Ticks until the early pre-vote; undefined where none is planned. */
  earlyPreVoteIn: number | undefined;
  /** Early elections begun since the leader was lost. */
  earlyAttempts = 0;

  /** Membership changes handed out to be applied, by index. */
  #confEntries: number[] = [];
  /** The newest snapshot's index: `conf` is no older. */
  #confIndex = 0;

  constructor(config: RaftConfig) {
    assert(Number.isSafeInteger(config.id) && config.id > noNode, `${config.id} is no member id`);
    assert(config.heartbeatTicks > 0, 'heartbeats need a period');
    assert(config.electionTicks > config.heartbeatTicks, 'an election timeout spans heartbeats');
    const { hardState, confState } = config.storage.initialState();
    this.id = config.id;
    this.config = config;
    this.log = new RaftLog(config.storage, hardState.commit, config.applied);
    this.uncommitted = new UncommittedSize(config.maxUncommittedBytes);
    this.term = hardState.term;
    this.vote = hardState.vote;
    this.conf = confState;
    this.appliedConf = confState;
    this.resetTimers();
  }

  /** A voter that may stand for election; a snapshot being installed makes it wait. */
  get promotable(): boolean {
    return isVoter(this.conf, this.id) && !this.log.snapshotPending;
  }

  /** A leader serves reads and knows what is committed only from its own term on (thesis, 6.4). */
  get committedInTerm(): boolean {
    return this.log.matches(this.log.committed, this.term);
  }

  handedOutConfEntry(index: number): void {
    assert(index > (this.#confEntries.at(-1) ?? 0), 'entries are handed out in order');
    this.#confEntries.push(index);
  }

  /** True where the change being applied is already part of a snapshot that overtook it. */
  nextConfEntryIsOld(): boolean {
    const index = must(this.#confEntries.shift(), 'no membership change is waiting to be applied');
    return index <= this.#confIndex;
  }

  confFromSnapshot(index: number): void {
    assert(index > this.#confIndex, 'snapshots only move forward');
    this.#confIndex = index;
  }

  /** The host is done with entries up to `index`, or skipped them for a snapshot. */
  forgetConfEntries(index: number): void {
    while ((this.#confEntries[0] ?? Number.MAX_SAFE_INTEGER) <= index) this.#confEntries.shift();
  }

  progressOf(id: NodeId): Progress {
    return must(this.progress.get(id), `member ${id} has a progress`);
  }

  send(to: NodeId, body: MessageBody, term = this.term): void {
    const message: Message = { ...body, from: this.id, to, term };
    this.outbox.send(message);
  }

  resetTimers(): void {
    this.electionElapsed = 0;
    this.heartbeatElapsed = 0;
    this.transferElapsed = 0;
    this.earlyPreVoteIn = undefined;
    this.electionTimeout =
      this.config.electionTicks + this.config.rng.int(this.config.electionTicks);
  }

  /** Everything that belongs to one term, or to one stay in a role. */
  reset(term: number): void {
    assert(term >= this.term, `term ${this.term} cannot fall to ${term}`);
    if (term !== this.term) {
      this.term = term;
      this.vote = noNode;
    }
    this.leader = noNode;
    this.transferTarget = noNode;
    this.pendingConfIndex = 0;
    this.announcedCommit = 0;
    this.progress = new Map();
    this.votes.clear();
    this.reads.reset();
    this.uncommitted.reset();
    this.resetTimers();
  }

  /** Leader: a progress for exactly the members of the configuration. */
  syncProgress(): void {
    const next = this.log.lastIndex + 1;
    const inflight = this.config.maxInflightMessages;
    const entries = allMembers(this.conf).map((id): [NodeId, Progress] => {
      const known = this.progress.get(id);
      if (known !== undefined) return [id, known];
      const progress = new Progress(id, next, inflight);
      // A new member gets an election timeout's time before it counts as silent.
      progress.recentActive = true;
      return [id, progress];
    });
    this.progress = new Map(entries);
    const self = this.progress.get(this.id);
    if (self === undefined) return;
    self.state = 'replicate';
    self.acknowledge(this.log.durableIndex);
  }

  describe(): string {
    const leader = this.leader === noNode ? '' : ` leader=${this.leader}`;
    const vote = this.vote === noNode ? '' : ` vote=${this.vote}`;
    return (
      `${this.id} ${this.role} term=${this.term}${vote}${leader} ${this.log.describe()}` +
      ` ${describeConf(this.conf)}`
    );
  }
}
