import type { Mutant } from './mutant.ts';

const mutant = (name: string, story: string, ...patches: Mutant['patches']): Mutant => ({
  name,
  story,
  layers: 'cluster',
  patches,
});

/** Bugs of the parts above the store: API server, informers, scheduler, controllers, agents. */
export const controlMutants: readonly Mutant[] = [
  mutant('fence-not-checked', 'updates go through whoever leads by now', {
    file: 'services/apiserver/registry/object-store',
    find: '[...fenced(limits), unchangedGuard(key, current.modRevision)]',
    replace: '[unchangedGuard(key, current.modRevision)]',
  }),
  mutant('writes-without-fence', 'the scheduler forgets to send its token', {
    file: 'services/scheduler/server',
    find: 'api: fencedApi(api, fence), clock',
    replace: 'api, clock',
  }),
  mutant('update-without-compare', 'an update overwrites what was written since it was read', {
    file: 'services/apiserver/registry/guards',
    find: "compare: { key, target: 'mod', result: 'equal', revision: modRevision },\n    judge: (found) => ((found",
    replace:
      "compare: { key, target: 'mod', result: 'greater', revision: 0 },\n    judge: (found) => ((found",
  }),
  mutant('watch-resumes-one-late', 'a resumed watch misses the first change', {
    file: 'services/apiserver/watch/change-window',
    find: '(this.#changes[middle]?.revision ?? 0) <= revision',
    replace: '(this.#changes[middle]?.revision ?? 0) <= revision + 1',
  }),
  mutant(
    'watch-repeats-one',
    'a resumed watch shows the last change again',
    {
      file: 'services/apiserver/watch/change-window',
      find: '(this.#changes[middle]?.revision ?? 0) <= revision',
      replace: '(this.#changes[middle]?.revision ?? 0) < revision',
    },
    {
      file: 'services/apiserver/watch/watcher',
      find: 'if (revision <= this.#start.after || key < this.scope.low',
      replace: 'if (key < this.scope.low',
    },
  ),
  mutant('list-from-stale-cache', 'lists are answered from the cache as it is', {
    file: 'services/apiserver/watch/resource-cache',
    find: 'if (!this.#watch || !(await this.#catchUp())) return undefined;',
    replace: 'if (!this.#watch) return undefined;',
  }),
  mutant('informer-keeps-the-deleted', 'what went while nobody watched stays in the cache', {
    file: 'shared/client/informer',
    find: 'if (!listed.has(key)) this.#remove(key, undefined);',
    replace: '',
  }),
  mutant('expectations-ignored', 'controllers act on caches that do not show their own writes', {
    file: 'services/controller-manager/expectations',
    find: 'return expected.newest <= shown && expected.deletions.size === 0;',
    replace: 'return true;',
  }),
  mutant('collector-trusts-its-cache', 'an owner that is not in the cache does not exist', {
    file: 'services/controller-manager/garbage-collector/controller',
    find: 'if (cached?.metadata?.uid === owner.uid) return stateOfLiving(cached);',
    replace: "return cached?.metadata?.uid === owner.uid ? stateOfLiving(cached) : 'absent';",
  }),
  mutant('collector-takes-namesakes', 'an owner of the same name is the owner', {
    file: 'services/controller-manager/garbage-collector/controller',
    find: "return live.metadata?.uid === owner.uid ? stateOfLiving(live) : 'absent';",
    replace: 'return stateOfLiving(live);',
  }),
  mutant('eviction-by-force', 'pods of a silent node are removed without its word', {
    file: 'services/controller-manager/node-lifecycle/controller',
    find: 'delete(refs.pods, name, { namespace, uid })',
    replace: 'delete(refs.pods, name, { namespace, uid, gracePeriodSeconds: 0 })',
  }),
  mutant('taints-stay', 'a node that has come back keeps its taints', {
    file: 'services/controller-manager/node-lifecycle/node-plan',
    find: '!ownTaints.has(taint.key) || isWanted(taint)',
    replace: 'true',
  }),
  mutant('pod-gone-before-its-containers', 'the agent lets a pod go while it still stops it', {
    file: 'services/agent/pods/pod-manager',
    find: 'record.finished = leaving && alive.length === 0;',
    replace: 'record.finished = leaving;',
  }),
  mutant('status-written-once', 'a status that no API server takes is forgotten', {
    file: 'services/agent/pods/status-writer',
    find: "if (!QuorateError.is(thrown, 'not-found', 'conflict')) throw thrown;",
    replace: '',
  }),
  mutant('scheduler-forgets-its-decisions', 'pods count on a node once they are seen there', {
    file: 'services/scheduler/session',
    find: 'this.#cache.assume(info, decision.node);',
    replace: '',
  }),
  mutant('binding-not-repeated', 'a pod whose binding failed is left alone', {
    file: 'services/scheduler/session',
    find: 'if (node === undefined) this.#queue.retry(turn);',
    replace: 'if (node === undefined) this.#queue.done(turn);',
  }),
  mutant('slices-never-deleted', 'endpoints stay when their pods have gone', {
    file: 'services/controller-manager/endpointslice/plan',
    find: 'return { creates, updates, deletes: [...unused] };',
    replace: 'return { creates, updates, deletes: [] };',
  }),
  mutant('rollout-never-scales-down', 'old replica sets stay as large as they were', {
    file: 'services/controller-manager/deployment/plan',
    find: 'const updates = current ? planScaleDown(state, current, old) : [];',
    replace: 'const updates = [];',
  }),
  mutant('completions-counted-twice', 'each look at a Job counts its pods once more', {
    file: 'services/controller-manager/job/ledger',
    find: 'succeeded: succeeded + before.succeeded.length - left(before.succeeded).length,',
    replace: 'succeeded: succeeded + before.succeeded.length,',
  }),
  mutant('claims-not-guarded', 'an address is taken whether somebody has it or not', {
    file: 'services/apiserver/registry/object-store',
    find: 'absentGuard(key, () => alreadyExists(resource, name)),\n        ...changes.guards,',
    replace: 'absentGuard(key, () => alreadyExists(resource, name)),',
  }),
];
