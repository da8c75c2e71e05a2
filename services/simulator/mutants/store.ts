import type { Mutant } from './mutant.ts';

export const storeMutants: readonly Mutant[] = [
  {
    name: 'log-fsync-skipped',
    story: 'writes of the raft log are not synced',
    patches: [
      {
        file: 'shared/storage/log-segment',
        find: 'create: false, durable: true',
        replace: 'create: false, durable: false',
      },
    ],
  },
  {
    name: 'backend-fsync-skipped',
    story: 'the backend is not synced before the log forgets what it covers',
    patches: [
      {
        file: 'shared/storage/kv-backend',
        find: 'await this.#level.batch(batch, { sync: true });',
        replace: 'await this.#level.batch(batch, { sync: false });',
      },
    ],
  },
  {
    name: 'applied-index-ahead-of-data',
    story: 'the applied index is written before the data it covers (etcd #13766)',
    patches: [
      {
        file: 'shared/storage/kv-backend',
        find: 'await this.#level.batch(batch, { sync: true });',
        replace:
          'await this.#level.batch(batch.splice(pages.size + flushing.size), { sync: true }); await this.#level.batch(batch, { sync: true });',
      },
    ],
  },
  {
    name: 'log-compacted-ahead-of-flush',
    story: 'the log forgets entries that the backend has applied, but not made durable',
    patches: [
      {
        file: 'services/store/consensus/housekeeping',
        find: 'await storage.log.compact(Math.min(index, backend().flushed.index));',
        replace: 'await storage.log.compact(backend().applied.index);',
      },
    ],
  },
  {
    name: 'snapshot-misses-sequences',
    story: 'which commands were applied is not part of what is stored: they are applied again',
    patches: [
      {
        file: 'shared/storage/applied-state',
        find: 'sequences: [...sequences], rows',
        replace: 'sequences: [], rows',
      },
    ],
  },
  {
    name: 'repeated-command-applied',
    story: 'a command that was sent twice is applied twice',
    patches: [
      {
        file: 'services/store/consensus/apply-once',
        find: 'if (sequence <= (sequences.get(member) ?? 0)) {',
        replace: 'if (sequence < 0) {',
      },
    ],
  },
  {
    name: 'stale-read',
    story: 'reads are served from what this member happens to have',
    patches: [
      {
        file: 'services/store/serve/kv',
        find: 'if (!request.serializable) await node.linearizable();',
        replace: '',
      },
    ],
  },
  {
    name: 'read-before-applied',
    story: 'a read waits for its index, but not until that is applied',
    patches: [
      {
        file: 'services/store/consensus/reads',
        find: 'if (index <= this.#applied) for',
        replace: 'if (index > 0) for',
      },
    ],
  },
  {
    name: 'watch-loses-event-on-resume',
    story: 'a watch that resumes starts one revision late',
    patches: [
      {
        file: 'shared/mvcc/watch-hub',
        find: 'const next = start > 0 ? start :',
        replace: 'const next = start > 0 ? start + 1 :',
      },
    ],
  },
  {
    name: 'watch-gap-after-snapshot',
    story: 'a snapshot takes watches to its own revision, past the events in between',
    patches: [
      {
        file: 'shared/mvcc/watch-hub',
        find: 'watcher.nextRevision = Math.max(watcher.nextRevision, this.#revision + 1);',
        replace: 'watcher.nextRevision = Math.max(watcher.nextRevision, source.revision + 1);',
      },
    ],
  },
  {
    name: 'watch-repeats-events',
    story: 'watches that catch up together all get what the one furthest behind needs',
    patches: [
      {
        file: 'shared/mvcc/watch-hub',
        find: 'if (event.kv.modRevision < this.nextRevision) return false;',
        replace: '',
      },
    ],
  },
  {
    name: 'watch-compaction-hole',
    story: 'a watch from before the compaction goes on behind it, and says nothing',
    patches: [
      {
        file: 'shared/mvcc/watch-hub',
        find: 'if (watcher.nextRevision >= oldest) continue;',
        replace: 'watcher.nextRevision = Math.max(watcher.nextRevision, oldest); continue;',
      },
    ],
  },
  {
    name: 'watch-progress-too-early',
    story: 'a progress mark overtakes the events that it vouches for (etcd #15220)',
    patches: [
      {
        file: 'services/store/serve/in-process-client',
        find: 'if (!this.#watcher.synced) return false;',
        replace: '',
      },
    ],
  },
  {
    name: 'watch-splits-revision',
    story: 'the events of a transaction reach watches one by one',
    patches: [
      {
        file: 'shared/mvcc/watch-hub',
        find: 'if (watcher.sink.events(batch, revision)) continue;',
        replace:
          'if (batch.map((event) => watcher.sink.events([event], revision)).every((taken) => taken)) continue;',
      },
    ],
  },
  {
    name: 'lease-revived-after-expiry',
    story: 'a lease that is due, and about to be revoked, can be renewed (etcd #9888)',
    patches: [
      {
        file: 'shared/mvcc/lessor',
        find: 'lease === undefined || lease.deadlineMs <= nowMs',
        replace: 'lease === undefined',
      },
    ],
  },
  {
    name: 'lease-not-extended-by-new-leader',
    story: 'a new leader counts leases as due at once, whoever renewed them with the old one',
    patches: [
      {
        file: 'shared/mvcc/lessor',
        find: 'lease.deadlineMs = nowMs + seconds * 1000 + extendMs;',
        replace: 'lease.deadlineMs = nowMs + seconds * 0;',
      },
    ],
  },
  {
    name: 'lease-not-persisted',
    story: 'leases live in memory only',
    patches: [
      {
        file: 'shared/mvcc/lessor',
        find: 'this.#backend.put(leaseKey(lease.id), encodeLease(lease.ttlSeconds, lease.remainingSeconds));',
        replace: '',
      },
    ],
  },
  {
    name: 'lease-keeps-detached-key',
    story: 'a key that was put without its lease is deleted with it nevertheless',
    patches: [
      {
        file: 'shared/mvcc/lessor',
        find: 'this.#leases.get(id)?.keys.delete(key);',
        replace: '',
      },
    ],
  },
  {
    name: 'lease-never-expires-after-failover',
    story: 'a new leader does not take over the deadlines',
    patches: [
      {
        file: 'services/store/serve/leases',
        find: 'if (!node.leads || leases.promoted) return;',
        replace: 'if (!node.leads || leases.promoted || leases.size > 0) return;',
      },
    ],
  },
  {
    name: 'revision-reused-after-restart',
    story: 'the last revision is given a second time after a restart',
    patches: [
      {
        file: 'shared/mvcc/mvcc',
        find: 'this.#revision = Math.max(1, last, this.#compactRevision);',
        replace: 'this.#revision = Math.max(1, last - 1, this.#compactRevision);',
      },
    ],
  },
  {
    name: 'compaction-forgotten',
    story: 'after a restart the compaction never was',
    patches: [
      {
        file: 'shared/mvcc/mvcc',
        find: "this.#backend.put(metaKey('compact'), encodeMeta(revision));",
        replace: '',
      },
    ],
  },
  {
    name: 'applied-index-behind-data',
    story:
      'the backend says that it holds less than it does: entries are applied on top of what they did',
    patches: [
      {
        file: 'shared/storage/kv-backend',
        find: 'encodeApplied(this.#applied, this.sequences, this.#seals.check)',
        replace: 'encodeApplied(this.#flushed, new Map(), this.#seals.check)',
      },
    ],
  },
  {
    name: 'snapshot-failure-unnoticed',
    story: 'a snapshot that did not arrive is waited for, and never sent again (etcd #6657)',
    patches: [
      {
        file: 'services/store/consensus/node',
        find: 'this.#raft.reportSnapshot(to, ok);',
        replace: 'if (ok) this.#raft.reportSnapshot(to, ok);',
      },
    ],
  },
  {
    name: 'proposal-retried-as-new',
    story: 'a proposal that may still be under way is sent again under a new number',
    patches: [
      {
        file: 'services/store/consensus/proposals',
        find: 'if (!once && term === this.#proposer.term) this.#proposer.propose(data);',
        replace:
          'if (!once && term === this.#proposer.term) this.#proposer.propose(encodeCommand({ ...decodeCommand(data), sequence: this.#nextSequence++ }));',
      },
    ],
  },
  {
    name: 'lease-renewed-without-quorum',
    story: 'a leader that was deposed and does not know it renews leases',
    patches: [
      {
        file: 'services/store/serve/leases',
        find: 'await node.linearizable(); const { leases } = state.mvcc;',
        replace: 'const { leases } = state.mvcc;',
      },
    ],
  },
  {
    name: 'torn-tail-not-cut',
    story: 'what a crash left of a half-written batch stays behind the next one',
    patches: [
      {
        file: 'shared/storage/log-files',
        find: 'if (recovered.torn) await current.zero(recovered.end);',
        replace: '',
      },
    ],
  },
  {
    name: 'reopened-log-not-synced',
    story: 'what a killed process had written, but not synced, is taken for durable',
    patches: [
      {
        file: 'shared/storage/log-files',
        find: 'if (recovered.torn) await current.zero(recovered.end); // A process that was killed may have left its last write whole, but not yet on the disk. await current.sync();',
        replace: 'if (recovered.torn) await current.zero(recovered.end);',
      },
    ],
  },
];
