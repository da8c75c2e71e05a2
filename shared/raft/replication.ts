import { assert } from '#shared/base';
import type { Core } from './core.ts';
import type { Progress } from './progress.ts';
import { quorumReached } from './quorum.ts';
import type { Entry } from './types.ts';

// Sending is driven by state, not by events: a member is sent to whenever its progress says that it
// lacks something and may be sent to. Everything proposed in one turn thus shares one message.

/** Leader: adds entries of its own term to its log; they go out with the next Ready. */
export function appendToLog(core: Core, data: readonly Pick<Entry, 'type' | 'data'>[]): void {
  assert(core.role === 'leader', 'only a leader appends on its own');
  let index = core.log.lastIndex;
  const entries = data.map((each): Entry => {
    index += 1;
    core.uncommitted.add(index, each.data.length);
    return { term: core.term, index, type: each.type, data: each.data };
  });
  core.log.append(entries);
  const self = core.progress.get(core.id);
  if (self !== undefined) self.next = index + 1;
}

/** Leader: something is to be sent to this member, and its window is open. */
export function wantsAppend(core: Core, progress: Progress): boolean {
  if (progress.id === core.id) return false;
  if (progress.state === 'probe') return !progress.probeSent;
  if (progress.state === 'snapshot') return false;
  if (progress.probeDue || progress.sentCommit < commitToTell(core, progress)) return true;
  return progress.next <= core.log.lastIndex && !progress.inflights.full;
}

/** Leader: the commit index that this member is sent a message for, entries or not. */
function commitToTell(core: Core, progress: Progress): number {
  const known = Math.min(core.log.committed, progress.next - 1);
  if (!core.config.lazyCommit) return known;
  return Math.min(known, Math.max(core.announcedCommit, progress.proposed));
}

/** Leader: the newest commit index that some member has entries for and was not told; 0: none. */
export function untoldCommit(core: Core): number {
  let newest = 0;
  for (const { id, state, next, sentCommit } of core.progress.values()) {
    if (id === core.id || state !== 'replicate') continue;
    const known = Math.min(core.log.committed, next - 1);
    if (sentCommit < known) newest = Math.max(newest, known);
  }
  return newest;
}

/** Leader: everything its members lack, as far as their windows allow. */
export function sendAppends(core: Core): void {
  assert(core.role === 'leader', 'only a leader replicates');
  // Members that are level with each other share one slice of the log.
  let shared: { low: number; entries: readonly Entry[] } | undefined;
  const read = (low: number): readonly Entry[] => {
    if (shared?.low !== low) {
      const high = core.log.lastIndex + 1;
      shared = { low, entries: core.log.slice(low, high, core.config.maxMessageBytes) };
    }
    return shared.entries;
  };
  for (const progress of core.progress.values()) {
    while (wantsAppend(core, progress)) sendAppend(core, progress, read);
  }
}

function sendAppend(core: Core, progress: Progress, read: (low: number) => readonly Entry[]): void {
  const prevLogIndex = progress.next - 1;
  const prevLogTerm = core.log.term(prevLogIndex);
  if (prevLogTerm === undefined || prevLogIndex < core.log.compactedIndex) {
    sendSnapshot(core, progress);
    return;
  }
  const full = progress.state === 'replicate' && progress.inflights.full;
  const entries = full ? [] : read(progress.next);
  const commit = core.log.committed;
  core.send(progress.id, { type: 'append', prevLogIndex, prevLogTerm, entries, commit });
  progress.sentAppend(entries.length, commit);
}

function sendSnapshot(core: Core, progress: Progress): void {
  const snapshot = progress.recentActive ? core.config.storage.snapshot() : undefined;
  const index = snapshot?.metadata.index ?? 0;
  if (snapshot === undefined || index <= progress.match) {
    // The member is silent, or the host is not ready: try again when the member answers.
    if (progress.state !== 'probe') progress.becomeProbe();
    progress.probeSent = true;
    return;
  }
  assert(index >= core.log.compactedIndex, 'a snapshot and the log after it leave no gap');
  core.send(progress.id, { type: 'snapshot', snapshot });
  progress.becomeSnapshot(index);
}

/**
 * Leader: commits what a quorum holds durably, but only entries of its own term by counting; older
 * ones are committed with them (thesis, 3.6.2 and figure 3.7).
 */
export function advanceCommit(core: Core): void {
  assert(core.role === 'leader', 'only a leader counts');
  const index = quorumReached(core.conf, (id) => core.progress.get(id)?.match ?? 0);
  if (index <= core.log.committed || !core.log.matches(index, core.term)) return;
  // A leader that is removed may be gone as soon as it applies that.
  if (core.pendingConfIndex > core.log.committed) core.announcedCommit = index;
  core.log.commitTo(index);
  core.uncommitted.committed(index);
}

/** Leader: its own write is durable, which counts like any follower's acknowledgement. */
export function acknowledgeOwnWrite(core: Core): void {
  assert(core.role === 'leader', 'a follower acknowledges by message');
  const self = core.progress.get(core.id);
  if (self !== undefined && self.acknowledge(core.log.durableIndex)) advanceCommit(core);
}

/** Leader: a member has taken everything up to `index`. True where that was news. */
export function acknowledge(core: Core, progress: Progress, index: number): boolean {
  assert(index <= core.log.lastIndex, 'nobody holds more than the leader');
  const advanced = progress.acknowledge(index);
  if (!advanced && !(progress.state === 'probe' && progress.match === index)) return false;
  const caughtUp = progress.match >= core.log.compactedIndex;
  if (progress.state === 'probe' || (progress.state === 'snapshot' && caughtUp)) {
    progress.becomeReplicate();
  } else if (progress.state === 'replicate') {
    progress.inflights.freeUpTo(index);
  }
  if (advanced) advanceCommit(core);
  return advanced;
}

/** Leader: a member refused an append; find where the logs part in few steps. */
export function backtrack(
  core: Core,
  progress: Progress,
  rejected: number,
  hint: { readonly index: number; readonly term: number },
): void {
  const { log } = core;
  // The member has nothing of a later term up to the hint, so its entries there can agree with
  // ours only where ours are not of a later term either.
  const next = hint.term > 0 ? log.lastIndexWithin(hint.index, hint.term).index : hint.index;
  progress.backtrack(rejected, next);
}
