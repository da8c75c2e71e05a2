import type { Mutant } from './mutant.ts';

type Place = readonly [file: string, find: string, replace: string];

const slip = (name: string, story: string, ...[file, find, replace]: Place): Mutant => ({
  name,
  story,
  layers: 'cluster',
  patches: [{ file, find, replace }],
});

const unseen = (blindSpot: string, mutant: Mutant): Mutant => ({ ...mutant, blindSpot });

const manager = 'services/controller-manager';

/** A third round above the store: every controller, plugin and part of an agent once. */
export const plantedMutants: readonly Mutant[] = [
  unseen(
    'a checker that knows what a controller has just removed itself',
    slip(
      'update-does-not-wait',
      'a StatefulSet updates its next pod while the last one is not ready yet',
      `${manager}/statefulset/plan`,
      'if (!healthy(pod)) return [];',
      '',
    ),
  ),
  slip(
    'partition-forgotten',
    'a StatefulSet updates the pods below its partition as well',
    `${manager}/statefulset/plan`,
    'if (!pod || ordinal - firstOrdinal(set) < partitionOf(set)) return [];',
    'if (!pod) return [];',
  ),
  unseen(
    'a checker that knows what a controller has just removed itself',
    slip(
      'daemons-all-at-once',
      'a DaemonSet updates as many pods as it may, however many are not available already',
      `${manager}/daemonset/rolling-update`,
      'Math.max(limit - unavailable, 0)',
      'limit',
    ),
  ),
  slip(
    'serving-pods-go-first',
    'a ReplicaSet that shrinks ends the pods that serve before those that do not',
    `${manager}/replicaset/plan`,
    'isPodReady(pod) ? 1 : 0,',
    'isPodReady(pod) ? 0 : 1,',
  ),
  slip(
    'available-at-once',
    'a pod counts as available as soon as it is ready',
    'shared/api/pods',
    'if (minReadySeconds === 0) return true;',
    'return true;',
  ),
  unseen(
    'a checker of how many pods a Job needs at once',
    slip(
      'job-beyond-its-completions',
      'a Job runs as many pods as it may, however few are missing',
      `${manager}/job/plan`,
      'Math.min(parallelism, completions - achieved)',
      'parallelism',
    ),
  ),
  slip(
    'suspended-job-runs-on',
    'a Job that is suspended keeps its pods',
    `${manager}/job/plan`,
    'surplus: tally.active, status:',
    'surplus: [], status:',
  ),
  slip(
    'deadline-not-waited-for',
    'nobody looks at a Job again when its time is over',
    `${manager}/job/plan`,
    '...deadline(job, running, now.ms),',
    '',
  ),
  slip(
    'index-given-twice',
    'an index of a Job gets a pod while one is at it already',
    `${manager}/job/plan`,
    'new Set([...done, ...active.map(indexOf)])',
    'new Set([...done])',
  ),
  slip(
    'lost-nodes-keep-their-pods',
    'nobody is expelled from a node that is silent',
    `${manager}/node-lifecycle/node-plan`,
    "if (evict) taints.push({ key, effect: 'NoExecute' });",
    '',
  ),
  slip(
    'one-owner-is-not-enough',
    'an object goes when the first of its owners has gone',
    `${manager}/garbage-collector/plan`,
    'if (staying.length > 0) {',
    'if (staying.length > 1) {',
  ),
  slip(
    'node-selector-ignored',
    'the scheduler puts pods on nodes without their labels',
    'services/scheduler/plugins/node-affinity',
    'if (allowsNode(pod.spec ?? { containers: [] }, node)) return [];',
    'return [];',
  ),
  slip(
    'host-ports-collide',
    'two pods of a node get the same port of it',
    'services/scheduler/plugins/node-ports',
    'return free ? [] : [',
    'return free || pods.size > 0 ? [] : [',
  ),
  slip(
    'room-that-is-free-again-unnoticed',
    'a pod that waits for room does not hear of pods that go',
    'services/scheduler/plugins/node-resources-fit',
    "wakesOn: ['node-changed', 'pod-removed']",
    "wakesOn: ['node-changed']",
  ),
  slip(
    'decision-not-taken-back',
    'a binding that failed goes on taking room',
    'services/scheduler/session',
    "if (this.#cache.forget(pod)) this.#queue.happened('pod-removed');",
    '',
  ),
  slip(
    'success-is-restarted',
    'what may be restarted on failure is restarted on success',
    'services/agent/pods/plan',
    "(policy === 'OnFailure' && exitCode !== 0)",
    "(policy === 'OnFailure' && exitCode === 0)",
  ),
  slip(
    'failed-init-passes',
    'an init container that failed is as good as one that succeeded',
    'services/agent/pods/plan',
    "(status?.state === 'exited' && status.exitCode === 0)) continue;",
    "status?.state === 'exited') continue;",
  ),
  slip(
    'hung-containers-stay',
    'a container whose liveness probe fails runs on',
    'services/agent/pods/plan',
    'if (probe !== undefined) plan.stops.push',
    "if (probe === 'startup') plan.stops.push",
  ),
  slip(
    'liveness-before-the-start',
    'a container is probed for liveness before it has started',
    'services/agent/probes/prober',
    "if (kind === 'startup' || this.started) {",
    "if (kind !== 'readiness' || this.started) {",
  ),
  slip(
    'no-pause-between-restarts',
    'a container that crashes again and again is restarted at once',
    'services/agent/pods/restart-backoff',
    'return Math.max(0, finishedAt + entry.delayMs - now);',
    'return 0;',
  ),
  slip(
    'agent-keeps-what-went',
    'pods that were removed while their agent was away run on',
    'services/agent/pods/pod-manager',
    'if (!uids.has(uid)) this.observeGone(uid);',
    '',
  ),
  slip(
    'left-the-selection-unsaid',
    'a watch does not hear of what is selected no more',
    'services/apiserver/watch/watcher',
    "return did ? { type: 'DELETED', object: farewell() } : undefined;",
    "return did && !after ? { type: 'DELETED', object: farewell() } : undefined;",
  ),
  slip(
    'pages-of-different-times',
    'every page of a list shows what is there by then',
    'services/apiserver/registry/list',
    'const exact = token?.revision ?? version.exact;',
    'const { exact } = version;',
  ),
  slip(
    'resumed-too-late',
    'a watch goes on from a version whose successors are gone',
    'services/apiserver/watch/change-window',
    'if (revision < this.#since) return undefined;',
    '',
  ),
  slip(
    'bookmark-one-ahead',
    'a bookmark promises a revision that has not come',
    'services/apiserver/watch/resource-cache',
    'this.#bookmark(this.#progress.revision)',
    'this.#bookmark(this.#progress.revision + 1)',
  ),
  slip(
    'update-takes-the-status',
    'an update of what is wanted writes the status that it carries',
    'shared/api/strategy',
    "if (resource.hasStatus) keep(draft, old, 'status');\n  resource.prepareForUpdate",
    'resource.prepareForUpdate',
  ),
  slip(
    'generation-stands-still',
    'a change of what is wanted leaves the generation as it was',
    'shared/api/strategy',
    'draft.metadata.generation = (kept.generation ?? 0) + 1;',
    'draft.metadata.generation = kept.generation ?? 1;',
  ),
  slip(
    'version-in-delete-ignored',
    'who deletes one version may hit the next',
    'services/apiserver/registry/deletion',
    'options.resourceVersion !== undefined &&',
    'false &&',
  ),
  slip(
    'leadership-seized',
    'whoever campaigns leads, whether somebody does or not',
    'services/apiserver/elections/elections',
    "compare: [{ key, target: 'create', result: 'equal', revision: 0 }],",
    'compare: [],',
  ),
  slip(
    'lead-outlives-its-lease',
    'a leader whose lease has run out on its own clock goes on',
    'shared/client/elector',
    "this.#expiry = clock.after(leftMs, () => this.#lose('the lease ran out'));",
    '',
  ),
];
