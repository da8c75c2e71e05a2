import { assert } from '#shared/base';
import { Inflights } from './inflights.ts';
import type { NodeId } from './types.ts';

/** How the leader sends to one member: one message at a time, pipelined, or waiting for a snapshot. */
export type ProgressState = 'probe' | 'replicate' | 'snapshot';

/**
 * The leader's view of one member. Invariant: match < next, and every entry in (match, next) is on
 * its way or, in state `snapshot`, covered by the snapshot on its way.
 *
 * - `probe`: where the logs part is unknown. One message, then silence until an answer.
 * - `replicate`: messages are pipelined, `next` runs ahead of the answers.
 * - `snapshot`: nothing is sent until the snapshot has arrived or failed.
 */
export class Progress {
  readonly id: NodeId;
  readonly inflights: Inflights;
  match = 0;
  next: number;
  state: ProgressState = 'probe';
  /** In `probe`: one message is out (or pointless just now), wait for an answer or a heartbeat's. */
  probeSent = false;
  /** In `replicate`: something may be lost; send at least an empty append to find out. */
  probeDue = false;
  recentActive = false;
  pendingSnapshot = 0;
  /** Highest commit index that the messages sent let the member know. */
  sentCommit = 0;
  /** Newest entry that this member proposed by way of the leader: it waits for its commit. */
  proposed = 0;
  /** Newest read-index round this member has confirmed. */
  readRound = 0;

  constructor(id: NodeId, next: number, maxInflight: number) {
    assert(next >= 1, 'the first index of a log is 1');
    this.id = id;
    this.next = next;
    this.inflights = new Inflights(maxInflight);
  }

  get paused(): boolean {
    if (this.state === 'probe') return this.probeSent;
    return this.state === 'snapshot' || this.inflights.full;
  }

  becomeProbe(): void {
    // After a snapshot the member has at least what it held.
    const from =
      this.state === 'snapshot' ? Math.max(this.match, this.pendingSnapshot) : this.match;
    this.#become('probe');
    this.next = from + 1;
    this.sentCommit = Math.min(this.sentCommit, from);
  }

  becomeReplicate(): void {
    this.#become('replicate');
    this.next = this.match + 1;
  }

  becomeSnapshot(index: number): void {
    assert(index > this.match, 'a snapshot must bring something new');
    this.#become('snapshot');
    this.pendingSnapshot = index;
    this.next = index + 1;
    this.sentCommit = index;
  }

  #become(state: ProgressState): void {
    this.state = state;
    this.probeSent = false;
    this.probeDue = false;
    this.pendingSnapshot = 0;
    this.inflights.clear();
  }

  /** Book-keeping after an append message with `count` entries and then `commit` was sent. */
  sentAppend(count: number, commit: number): void {
    this.sentCommit = Math.max(this.sentCommit, Math.min(commit, this.next - 1 + count));
    this.probeDue = false;
    if (this.state === 'probe') {
      this.probeSent = true;
    } else {
      assert(this.state === 'replicate', 'nothing is appended while a snapshot is on its way');
      if (count > 0) {
        this.next += count;
        this.inflights.add(this.next - 1);
      }
    }
  }

  /** False where the answer is old news. */
  acknowledge(index: number): boolean {
    if (index <= this.match) return false;
    this.match = index;
    this.next = Math.max(this.next, index + 1);
    this.probeSent = false;
    return true;
  }

  /**
   * The member refused an append after `rejected`; try after `hint`. False where the rejection is
   * stale: answers may be reordered and doubled.
   */
  backtrack(rejected: number, hint: number): boolean {
    if (this.state === 'replicate') {
      if (rejected <= this.match) return false;
      this.becomeProbe();
      return true;
    }
    if (this.state !== 'probe' || this.next - 1 !== rejected) return false;
    this.next = Math.max(Math.min(rejected, hint + 1), this.match + 1);
    this.probeSent = false;
    this.sentCommit = Math.min(this.sentCommit, this.next - 1);
    assert(this.next > this.match, 'what matches needs no probing');
    return true;
  }

  describe(): string {
    const flags = `${this.paused ? ' paused' : ''}${this.recentActive ? '' : ' inactive'}`;
    const snapshot = this.pendingSnapshot > 0 ? ` pending-snapshot=${this.pendingSnapshot}` : '';
    const inflight = this.inflights.count > 0 ? ` inflight=${this.inflights.count}` : '';
    return `${this.id} ${this.state} match=${this.match} next=${this.next}${snapshot}${inflight}${flags}`;
  }
}
