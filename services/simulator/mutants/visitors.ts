import type { Mutant } from './mutant.ts';
import { slip, unseen } from './slip.ts';

/** A seventh round for the store, chosen without a look at the checkers. */
export const visitorsMutants: readonly Mutant[] = [
  slip(
    'pre-vote-takes-the-vote',
    'who is told that it would get a vote has it, in the present term',
    'shared/raft/election',
    'if (preVote) return; core.vote = from;',
    'core.vote = from;',
  ),
  slip(
    'lost-tail-not-probed',
    'a follower whose last append was lost is not asked what it has',
    'shared/raft/leader',
    "progress.probeDue = progress.state === 'replicate' && progress.match < core.log.lastIndex;",
    '',
  ),
  unseen(
    'a candidate must learn from an answer of a change that it has not applied, and win by the old configuration with this very answer',
    slip(
      'candidate-counts-on',
      'a candidate that learns of a membership change counts its votes by the old one',
      'shared/raft/election',
      'if (!hasUnappliedConfChange(core)) return true; becomeFollower(core, core.term, noNode); return false;',
      'return true;',
    ),
  ),
  slip(
    'second-snapshot-not-written',
    'a second snapshot that comes before the first is in use is never installed',
    'shared/raft/log',
    'this.#snapshot = snapshot; this.#snapshotHandedOut = false;',
    'this.#snapshot = snapshot;',
  ),
  slip(
    'keys-of-lease-unsorted',
    'the keys of a revoked lease are deleted in the order they were attached',
    'shared/mvcc/lessor',
    'keys: [...lease.keys].sort() };',
    'keys: [...lease.keys] };',
  ),
  slip(
    'created-filter-forgotten',
    'a bound on the creation is looked at only beside other bounds',
    'shared/mvcc/range',
    'request.minCreateRevision || request.maxCreateRevision,',
    'request.minCreateRevision,',
  ),
  slip(
    'chosen-watch-id-given-again',
    'the id that a client chose for a watch is given to another one, too',
    'services/store/watch/watch-stream',
    'while (this.#watches.has(this.#nextId)) this.#nextId++;',
    '',
  ),
  slip(
    'deleted-value-is-previous',
    'who makes a key anew is told the value that it had before it was deleted',
    'shared/mvcc/revision-store',
    'this.cache.drop(history);',
    '',
  ),
  slip(
    'torn-end-left',
    'what a crash left of a write is not made zeros before the next one',
    'shared/storage/log-recovery',
    'torn: this.#torn !== undefined,',
    'torn: false,',
  ),
  slip(
    'flushed-is-what-is-applied-now',
    'what was applied while a flush was under way counts as flushed',
    'shared/storage/kv-backend',
    'this.#flushed = applied;',
    'this.#flushed = this.#applied;',
  ),
  slip(
    'overwritten-bytes-counted',
    'what was overwritten still counts as live',
    'shared/storage/kv-backend',
    'else this.#liveBytes -= this.get(key)?.length ?? 0;',
    '',
  ),
  slip(
    'narrower-permission-cuts-wider',
    'a permission within another one cuts it off',
    'services/store/auth/key-ranges',
    'if (high > last.high) this.#merged[this.#merged.length - 1]',
    'this.#merged[this.#merged.length - 1]',
  ),
  slip(
    'namesake-expires',
    'a lease that has the id of one that was revoked ends at the time of that',
    'shared/mvcc/lessor',
    'return this.#leases.get(lease.id) === lease;',
    'return this.#leases.has(lease.id);',
  ),
  slip(
    'renewed-to-the-checkpoint',
    'a lease that is renewed gets what a checkpoint left of it',
    'shared/mvcc/lessor',
    'lease.deadlineMs = nowMs + lease.ttlSeconds * 1000; return lease.ttlSeconds;',
    'lease.deadlineMs = nowMs + (lease.remainingSeconds || lease.ttlSeconds) * 1000; return lease.ttlSeconds;',
  ),
  slip(
    'compacts-a-look-early',
    'the automatic compaction drops what is not quite as old as asked',
    'services/store/serve/auto-compaction',
    'this.#revisions.splice(0, this.#revisions.length - looks - 1);',
    'this.#revisions.splice(0, this.#revisions.length - looks);',
  ),
];
