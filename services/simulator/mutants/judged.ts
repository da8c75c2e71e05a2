import type { Mutant } from './mutant.ts';

type Place = readonly [file: string, find: string, replace: string];

const slip = (name: string, story: string, ...[file, find, replace]: Place): Mutant => ({
  name,
  story,
  patches: [{ file, find, replace }],
});

const slipAbove = (name: string, story: string, ...place: Place): Mutant => ({
  ...slip(name, story, ...place),
  layers: 'cluster',
});

const unseen = (blindSpot: string, mutant: Mutant): Mutant => ({ ...mutant, blindSpot });

/** A second round of slips, put in by somebody who did not look at the checkers first. */
export const judgedMutants: readonly Mutant[] = [
  slip(
    'snapshot-taken-for-known',
    'a log that is long enough is taken to hold what the snapshot holds, whatever its terms',
    'shared/raft/install',
    'if (log.matches(index, term)) {',
    'if (index <= log.lastIndex) {',
  ),
  slip(
    'transfer-never-given-up',
    'a leader that hands over to somebody who is dead takes no proposals any more',
    'shared/raft/transfer',
    'if (core.transferElapsed >= core.config.electionTicks) core.transferTarget = noNode;',
    '',
  ),
  slip(
    'last-command-repeated',
    'the newest command of a member is applied again where it was sent twice',
    'services/store/consensus/apply-once',
    'if (sequence <= (sequences.get(member) ?? 0)) {',
    'if (sequence < (sequences.get(member) ?? 0)) {',
  ),
  slip(
    'lease-demotion-forgotten',
    'who leads again goes on with the deadlines of its last time, whoever renewed since',
    'services/store/serve/leases',
    "} else if (role !== 'leader' && leases.promoted) { leases.demote(); }",
    '}',
  ),
  unseen(
    'two terms in one write, and the power lost right after it',
    slip(
      'first-vote-of-a-batch-wins',
      'of several votes and terms that are written at once, the first is kept',
      'shared/storage/raft-log',
      'writes.findLast((write) => write.hardState)?.hardState',
      'writes.find((write) => write.hardState)?.hardState',
    ),
  ),
  unseen(
    'entries and those that replace them in one write',
    slip(
      'merged-writes-keep-the-replaced',
      'of writes that are merged, entries stay that the later ones replace',
      'shared/storage/raft-log',
      'else merged.length = Math.min(merged.length, first.index - base);',
      '',
    ),
  ),
  slip(
    'compacted-revision-unreadable',
    'the very revision that was compacted cannot be read any more',
    'shared/mvcc/range',
    'if (revision < (compacted || -1)) throw mvccErrors.compacted();',
    'if (revision <= (compacted || -1)) throw mvccErrors.compacted();',
  ),
  slip(
    'compaction-repeated',
    'the same revision can be compacted again',
    'shared/mvcc/mvcc',
    'if (revision <= this.#compactRevision) throw mvccErrors.compacted();',
    'if (revision < this.#compactRevision) throw mvccErrors.compacted();',
  ),
  slip(
    'lease-record-left',
    'a lease that ended is there again after a restart',
    'shared/mvcc/lessor',
    'this.#backend.delete(leaseKey(id));',
    '',
  ),
  slip(
    'condition-asks-the-last-of-a-range',
    'a condition on a range holds if its last key meets it',
    'shared/mvcc/txn',
    'result = matches(compare, order(store, compare, history)); return result;',
    'result = matches(compare, order(store, compare, history)); return true;',
  ),
  slip(
    'limit-before-order',
    'a limit takes the first by key, and sorts them afterwards',
    'shared/mvcc/range',
    'limit > 0 && isKeyOrder(request) && !hasFilters(request) ? limit + 1 : Infinity',
    'limit > 0 && !hasFilters(request) ? limit + 1 : Infinity',
  ),
  slip(
    'newest-filtered-out',
    'the largest mod revision that a filter lets through is not let through',
    'shared/mvcc/range',
    'kv.modRevision <= (maxModRevision || Infinity)',
    'kv.modRevision < (maxModRevision || Infinity)',
  ),
  slip(
    'lease-attach-lost-on-overwrite',
    'a key that moves from one lease to another belongs to none',
    'shared/mvcc/revision-store',
    'if (lease !== noLease) this.#lessor.attach(lease, history.key);',
    'if (lease !== noLease && history.lease === noLease) this.#lessor.attach(lease, history.key);',
  ),
  slip(
    'caught-up-watch-skips-one',
    'a watch that has caught up misses the next revision',
    'shared/mvcc/watch-hub',
    'watcher.nextRevision = Math.max(watcher.nextRevision, slice.through + 1);',
    'watcher.nextRevision = Math.max(watcher.nextRevision, slice.through + 2);',
  ),
  unseen(
    'a watch that catches up with the very revision after the compaction',
    slip(
      'previous-lost-at-the-compaction',
      'what the first change after a compaction replaced is not told',
      'shared/mvcc/mvcc',
      'if (revision - 1 < this.#compactRevision) return undefined;',
      'if (revision - 1 <= this.#compactRevision) return undefined;',
    ),
  ),
  slipAbove(
    'pod-bound-twice',
    'a pod that has a node is given another one',
    'services/apiserver/pods/binding',
    'if (pod.spec?.nodeName) {',
    'if (pod.spec?.nodeName === to.node) {',
  ),
  slipAbove(
    'cordon-not-looked-at',
    'the scheduler puts pods on nodes that are cordoned',
    'services/scheduler/plugins/node-unschedulable',
    'if (!node.spec?.unschedulable) return [];',
    'return [];',
  ),
  slipAbove(
    'last-expectation-leaks',
    'the last creation that a controller waits for is never seen',
    'services/controller-manager/expectations',
    'if (expected && expected.creations > 0) expected.creations--;',
    'if (expected && expected.creations > 1) expected.creations--;',
  ),
  slipAbove(
    'stateful-shrinks-from-below',
    'a StatefulSet that has too many pods ends the lowest of them first',
    'services/controller-manager/statefulset/plan',
    'const [last] = condemned;',
    'const last = condemned.at(-1);',
  ),
  slipAbove(
    'wakeup-lost-while-at-work',
    'what changes while its controller looks at it is not looked at again',
    'shared/client/work-queue',
    'if (this.#again.delete(key)) this.add(key);',
    'this.#again.delete(key);',
  ),
  slipAbove(
    'cache-misses-what-comes-first',
    'the first change after a cache was loaded is not in it',
    'services/apiserver/watch/resource-cache',
    'startRevision: revision + 1, progressNotify',
    'startRevision: revision + 2, progressNotify',
  ),
  slipAbove(
    'namespace-filled-while-it-goes',
    'objects are created in a namespace that is being deleted',
    'services/apiserver/registry/namespaces',
    'if (kv && !terminating) {',
    'if (kv) {',
  ),
  slipAbove(
    'silent-nodes-serve',
    'pods of a node that is silent stay ready',
    'services/controller-manager/node-lifecycle/controller',
    'if (!isReady(tainted)) await this.#markPodsNotReady(tainted);',
    '',
  ),
  slipAbove(
    'node-full-by-one-too-many',
    'the scheduler counts a pod on a node only if something is left besides',
    'services/scheduler/plugins/node-resources-fit',
    'if (amount > 0 && amount > left)',
    'if (amount > 0 && amount >= left)',
  ),
];
