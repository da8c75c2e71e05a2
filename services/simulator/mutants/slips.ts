import type { Mutant } from './mutant.ts';
import { slip } from './slip.ts';

/** Plausible slips, put in after the checkers were made, to see whether they are found nevertheless. */
export const slipMutants: readonly Mutant[] = [
  slip(
    'restart-commits-whole-log',
    'after a restart everything in the log counts as committed',
    'shared/raft/log',
    'this.#committed = Math.max(hardCommit, applied, compacted);',
    'this.#committed = Math.max(hardCommit, applied, last);',
  ),
  slip(
    'replaced-entries-not-written',
    'entries that replace others are not written again',
    'shared/raft/log',
    'this.#handedOut = Math.min(this.#handedOut, from - 1);',
    '',
  ),
  slip(
    'followers-keep-old-configuration',
    'only leaders take a new configuration into use',
    'shared/raft/membership',
    'if (!core.nextConfEntryIsOld()) switchConf(core, result.conf);',
    "if (!core.nextConfEntryIsOld() && core.role === 'leader') switchConf(core, result.conf);",
  ),
  slip(
    'learner-stands',
    'a learner that hears nobody stands for election',
    'shared/raft/core',
    'return isVoter(this.conf, this.id) && !this.log.snapshotPending;',
    'return !this.log.snapshotPending;',
  ),
  slip(
    'read-round-confirmed-by-last-one',
    'answers to one round of heartbeats confirm the reads of the next',
    'shared/raft/read-index',
    'this.#rounds.push({ round: this.#lastRound, index: commit, requests: this.#gathering });',
    'this.#rounds.push({ round: this.#lastRound - 1, index: commit, requests: this.#gathering });',
  ),
  slip(
    'read-one-entry-early',
    'a read is answered when the entry before its index is applied',
    'services/store/consensus/reads',
    'if (read.index > index) still.push(read);',
    'if (read.index > index + 1) still.push(read);',
  ),
  slip(
    'absent-key-has-a-revision',
    'a condition takes the mod revision of an absent key for 1',
    'shared/mvcc/txn',
    'return (history?.main ?? 0) - compare.revision;',
    'return (history?.main ?? 1) - compare.revision;',
  ),
  slip(
    'version-goes-on-after-deletion',
    'a key that is created again goes on counting its versions',
    'shared/mvcc/key-history',
    'this.version = version;',
    'this.version = version === 0 ? this.version : version;',
  ),
  slip(
    'compaction-drops-what-it-names',
    'the change that a compaction names is dropped as if it were older',
    'shared/mvcc/key-history',
    'if (this.main < revision) {',
    'if (this.main <= revision) {',
  ),
  slip(
    'progress-one-ahead',
    'a progress mark names the revision that comes next',
    'services/store/serve/in-process-client',
    'const header = headerAt(this.#serving, this.#serving.state.hub.revision);',
    'const header = headerAt(this.#serving, this.#serving.state.hub.revision + 1);',
  ),
  slip(
    'renewal-for-half-the-time',
    'a lease is renewed for half of its time, and its holder is told of all of it',
    'shared/mvcc/lessor',
    'lease.deadlineMs = nowMs + lease.ttlSeconds * 1000; return',
    'lease.deadlineMs = nowMs + lease.ttlSeconds * 500; return',
  ),
  slip(
    'revoked-lease-leaves-a-key',
    'of the keys of a lease that ends, the last stays',
    'shared/mvcc/mvcc',
    'writer.deleteKeys(keys);',
    'writer.deleteKeys(keys.length > 1 ? keys.slice(0, -1) : keys);',
  ),
  slip(
    'nothing-deleted-makes-a-revision',
    'a deletion that finds nothing makes a revision',
    'shared/mvcc/writer',
    'return this.events.length === 0 ? this.#base : this.#base + 1;',
    'return this.#base + 1;',
  ),
  slip(
    'watch-ends-at-the-compaction',
    'a watch from the very revision that was compacted is ended',
    'shared/mvcc/watch-hub',
    'if (watcher.nextRevision >= oldest) continue;',
    'if (watcher.nextRevision > oldest) continue;',
  ),
];
