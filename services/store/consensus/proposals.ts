import { assertNever } from '#shared/base';
import type { ConfChange, ProposeResult } from '#shared/raft';
import { storeErrors } from '../errors.ts';
import { membershipErrors } from '../member/membership-errors.ts';
import {
  decodeCommand,
  encodeCommand,
  type MemberChange,
  type Operation,
} from '../wire/command.ts';

/** What raft is asked; a slice of `Raft`. */
export interface Proposer {
  propose(data: Uint8Array): ProposeResult;
  proposeConfChange(change: ConfChange): ProposeResult;
  readonly term: number;
  readonly leads: boolean;
}

interface Waiter {
  readonly resolve: (outcome: unknown) => void;
  readonly reject: (error: Error) => void;
}

interface Pending {
  sequence: number;
  data: Uint8Array;
  waiter: Waiter;
  readonly startedMs: number;
  /** The term it was proposed in; 0 while no leader has taken it. */
  term: number;
  /** What was checked against one leader's state is not for the next one. */
  readonly once: boolean;
}

const nobody: Waiter = { resolve: () => undefined, reject: () => undefined };
const noBytes = new Uint8Array();

export interface ProposalsOptions {
  readonly memberId: number;
  /** Numbers of this start are above those of every earlier one. */
  readonly firstSequence: number;
  readonly timeoutMs: number;
  readonly maxRequestBytes: number;
  readonly maxPending: number;
  /** The error of a proposal that was waited for since `startedMs`. */
  readonly timeoutError: (startedMs: number) => Error;
}

/**
 * This member's proposals that are not applied yet. Every member applies a command only if its number
 * is above all that it has applied of the same proposer, so sending one twice does no harm, and one
 * that was overtaken is never applied any more: it is proposed anew, with a new number.
 *
 * One that raft could not take is proposed when a leader appears; one whose way to the leader broke,
 * on the next connection, or when the leader is heard again; one that was taken in an older term, once
 * a newer term's first entry is applied.
 */
export class Proposals {
  readonly #options: ProposalsOptions;
  readonly #proposer: Proposer;
  /** In the order of their beginning, so the first to time out come first. */
  readonly #pending = new Map<number, Pending>();
  /** Not offered to raft yet. */
  #fresh: Pending[] = [];
  #nextSequence: number;
  #untaken = 0;
  #failed = 0;

  constructor(proposer: Proposer, options: ProposalsOptions) {
    this.#proposer = proposer;
    this.#options = options;
    this.#nextSequence = options.firstSequence;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Those that nobody knows the outcome of. */
  get failed(): number {
    return this.#failed;
  }

  /** With the next `offer`; resolves with what applying it gave, or rejects: refused, or its outcome is unknown. */
  propose(operation: Operation, nowMs: number): Promise<unknown> {
    const { memberId, maxPending, maxRequestBytes } = this.#options;
    if (this.#pending.size >= maxPending) return Promise.reject(storeErrors.tooManyRequests());
    const sequence = this.#nextSequence++;
    const data = encodeCommand({ member: memberId, sequence, operation });
    // No client's request: without it a member with a small limit would stay nameless.
    const isOwn = operation.type === 'publish-member';
    if (data.length > maxRequestBytes && !isOwn) {
      return Promise.reject(storeErrors.requestTooLarge());
    }
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject };
      const pending = { sequence, data, waiter, startedMs: nowMs, term: 0, once: false };
      this.#pending.set(sequence, pending);
      this.#untaken++;
      this.#fresh.push(pending);
    });
  }

  /** Offers raft what was proposed since the last call. */
  offer(): void {
    if (this.#fresh.length === 0) return;
    const fresh = this.#fresh;
    this.#fresh = [];
    for (const pending of fresh) {
      if (pending.term === 0 && this.#pending.get(pending.sequence) === pending) this.#try(pending);
    }
  }

  /** On the leader: takes the change now, or rejects. */
  proposeChange(change: MemberChange, nowMs: number): Promise<unknown> {
    return this.#proposeOnce(change, nowMs, (context) =>
      this.#proposer.proposeConfChange({ changes: [confChangeOf(change)], context }),
    );
  }

  /** On the leader: takes now what it alone has decided, or rejects. No later leader is asked for it. */
  proposeOnce(operation: Operation, nowMs: number): Promise<unknown> {
    return this.#proposeOnce(operation, nowMs, (data) => this.#proposer.propose(data));
  }

  #proposeOnce(
    operation: Operation,
    nowMs: number,
    take: (data: Uint8Array) => ProposeResult,
  ): Promise<unknown> {
    // Raft may have heard of the next leader in this turn, and would send it on.
    if (!this.#proposer.leads) return Promise.reject(storeErrors.notLeader());
    // Numbers are applied in their order only.
    this.offer();
    const sequence = this.#nextSequence++;
    const data = encodeCommand({ member: this.#options.memberId, sequence, operation });
    const taken = take(data);
    if (taken !== 'accepted') return Promise.reject(changeRefused(taken));
    const { term } = this.#proposer;
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject };
      this.#pending.set(sequence, { sequence, data, waiter, startedMs: nowMs, term, once: true });
    });
  }

  /** Own commands, in the order they are applied. */
  applied(sequence: number, outcome: { value: unknown } | { error: Error }): void {
    const pending = this.#pending.get(sequence);
    if (!pending) return;
    const waiter = this.#forget(pending);
    if ('error' in outcome) waiter.reject(outcome.error);
    else waiter.resolve(outcome.value);
    this.#renumberBefore(sequence);
  }

  /** There may be a new connection to the leader: what was on its way on the old one may be lost. */
  sendAgain(): void {
    for (const { term, data, once } of this.#pending.values()) {
      if (!once && term === this.#proposer.term) this.#proposer.propose(data);
    }
  }

  /** A snapshot with own commands up to `sequence` was installed: what became of them is not known. */
  jumped(sequence: number): void {
    for (const pending of this.#pending.values()) {
      if (pending.sequence > sequence) continue;
      this.#forget(pending).reject(storeErrors.timedOut());
    }
  }

  /** The first entry of `term` is applied. */
  termBegan(term: number): void {
    for (const pending of this.#pending.values()) {
      if (pending.term === 0 || pending.term >= term) continue;
      if (pending.once) {
        this.#forget(pending).reject(storeErrors.notLeader());
        continue;
      }
      pending.term = 0;
      this.#untaken++;
    }
    this.retry();
  }

  /** Offers again what no leader has taken. */
  retry(): void {
    if (this.#untaken === 0) return;
    for (const pending of this.#pending.values()) {
      if (pending.term === 0 && !this.#try(pending)) return;
    }
  }

  expire(nowMs: number): void {
    for (const pending of this.#pending.values()) {
      if (nowMs - pending.startedMs < this.#options.timeoutMs) return;
      this.#failed++;
      this.#forget(pending).reject(this.#options.timeoutError(pending.startedMs));
    }
  }

  stop(): void {
    for (const pending of this.#pending.values()) {
      this.#forget(pending).reject(storeErrors.stopped());
    }
  }

  #try(pending: Pending): boolean {
    if (this.#proposer.propose(pending.data) !== 'accepted') return false;
    pending.term = this.#proposer.term;
    this.#untaken--;
    return true;
  }

  /** Own commands come in order; what is left below an applied one has been lost. */
  #renumberBefore(sequence: number): void {
    const lost: Pending[] = [];
    for (const pending of this.#pending.values()) {
      if (pending.sequence > sequence) break;
      if (!pending.once) lost.push(pending);
    }
    if (lost.length === 0) return;
    const rest = [...this.#pending.values()].filter((pending) => !lost.includes(pending));
    this.#pending.clear();
    for (const pending of lost) this.#renumber(pending);
    // They stay the oldest.
    for (const pending of [...lost, ...rest]) this.#pending.set(pending.sequence, pending);
    this.retry();
  }

  #renumber(pending: Pending): void {
    pending.sequence = this.#nextSequence++;
    pending.data = encodeCommand({ ...decodeCommand(pending.data), sequence: pending.sequence });
    if (pending.term === 0) return;
    pending.term = 0;
    this.#untaken++;
  }

  /**
   * Gives who waits for it. It holds nothing any more: tables that the map has outgrown or left behind
   * keep it until V8's next full collection.
   */
  #forget(pending: Pending): Waiter {
    if (pending.term === 0) this.#untaken--;
    this.#pending.delete(pending.sequence);
    const { waiter } = pending;
    pending.waiter = nobody;
    pending.data = noBytes;
    return waiter;
  }
}

function confChangeOf(change: MemberChange): ConfChange['changes'][number] {
  switch (change.type) {
    case 'add-member': {
      const { id, learner } = change.member;
      return { type: learner ? 'add-learner' : 'add-voter', nodeId: id };
    }
    case 'promote-member':
      return { type: 'add-voter', nodeId: change.id };
    case 'remove-member':
      return { type: 'remove', nodeId: change.id };
    default:
      return assertNever(change, 'change');
  }
}

function changeRefused(result: Exclude<ProposeResult, 'accepted'>): Error {
  if (result === 'conf-change-pending' || result === 'transferring') {
    return storeErrors.changePending();
  }
  if (result === 'conf-change-invalid') return membershipErrors.notEnoughStarted();
  if (result === 'too-much-uncommitted') return storeErrors.tooManyRequests();
  return storeErrors.notLeader();
}
