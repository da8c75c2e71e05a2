import type { Mutant } from './mutant.ts';
import { slipAbove, unseen } from './slip.ts';

const manager = 'services/controller-manager';
const server = 'services/apiserver';

/** A sixth round above the store: one in each part, as somebody would plant it to see whether it is found. */
export const inspectorsMutants: readonly Mutant[] = [
  unseen(
    'a preemptor that finds others to send away while the first still go',
    slipAbove(
      'victims-not-waited-for',
      'a pod that waits for those it sent away sends away others at its next try',
      'services/scheduler/preemption/preemptor',
      'if (cache.awaitsVictims(pod)) {',
      'if (cache.awaitsVictims(pod) && pod.priority < 0) {',
    ),
  ),
  slipAbove(
    'previous-attempt-removed',
    'of a container that was restarted, nothing is left of the attempt before',
    'services/agent/pods/pod-manager',
    'start.attempt - 2',
    'start.attempt - 1',
  ),
  unseen(
    'a status on its way as a namesake takes its name',
    slipAbove(
      'namesake-gets-the-status',
      'what is said of a pod that has gone is written on its namesake',
      'shared/api/strategy',
      'if (uid && uid !== old.metadata?.uid) {',
      'if (uid && old.metadata === undefined) {',
    ),
  ),
  slipAbove(
    'quotas-of-all-namespaces',
    'what is created is charged to the quotas of other namespaces as well',
    `${server}/admission/plugins/resource-quota`,
    'if (quota.metadata?.namespace !== request.namespace) continue;',
    '',
  ),
  unseen(
    'a store whose answers are ahead of their events',
    slipAbove(
      'progress-by-the-header',
      'a cache calls itself as new as the answer that brought some of the changes',
      `${server}/watch/resource-cache`,
      'this.#progress.reached(Math.min(last, revision));',
      'this.#progress.reached(Math.max(last, revision));',
    ),
  ),
  slipAbove(
    'oldest-templates-are-kept',
    'a Deployment cleans up the newest of its old ReplicaSets',
    `${manager}/deployment/plan`,
    'done.sort((a, b) => revisionOf(a) - revisionOf(b)).slice(0, excess)',
    'done.sort((a, b) => revisionOf(b) - revisionOf(a)).slice(0, excess)',
  ),
  slipAbove(
    'expected-after-the-fact',
    'a controller waits to see what it deleted, and has seen it before it began to wait',
    `${manager}/owned-pods`,
    `this.#expectations.deleting(objectKey(owner), uids);
    const results = await Promise.allSettled(pods.map((pod) => this.#removeOne(owner, pod)));`,
    `const results = await Promise.allSettled(pods.map((pod) => this.#removeOne(owner, pod)));
    this.#expectations.deleting(objectKey(owner), uids);`,
  ),
  slipAbove(
    'ready-is-healthy-enough',
    'a StatefulSet goes on when a pod is ready, however short it has been',
    `${manager}/statefulset/pods`,
    'isPodReady(pod) &&\n    isPodAvailable(pod, spec?.minReadySeconds ?? 0, nowMs)',
    'isPodReady(pod) && isPodAvailable(pod, Math.min(spec?.minReadySeconds ?? 0, 0), nowMs)',
  ),
  slipAbove(
    'labels-of-nodes-not-followed',
    'a DaemonSet does not hear of it when a node is labelled',
    `${manager}/daemonset/controller`,
    '({ labels: metadata?.labels, spec })',
    '({ labels: metadata?.name, spec })',
  ),
  slipAbove(
    'deadline-runs-while-suspended',
    'the time for which a Job waits counts as time in which it was active',
    `${manager}/job/plan`,
    'const startTime = suspended ? undefined : (status.startTime ?? now.timestamp);',
    'const startTime = status.startTime ?? (suspended ? undefined : now.timestamp);',
  ),
  {
    name: 'run-is-what-the-status-says',
    story: 'a CronJob runs again for a time, though it has, since nobody wrote that down',
    layers: 'cluster',
    blindSpot: 'a status that was not written, a Job that has ended since, and nothing kept of it',
    patches: [
      { file: `${manager}/cronjob/plan`, find: ', ...jobs.map(dueMs));', replace: ');' },
      { file: `${manager}/cronjob/plan`, find: '&& dueMs(job) <= toldMs', replace: '' },
    ],
  },
  unseen(
    'a call that breaks as a namespace is emptied',
    slipAbove(
      'failed-deletion-is-done',
      'a namespace goes though something in it could not be deleted',
      `${manager}/namespace/controller`,
      "if (!QuorateError.is(thrown, 'not-found')) throw thrown;",
      '',
    ),
  ),
  slipAbove(
    'taints-of-users-go',
    'the taints of a node that its readiness does not explain are taken away',
    `${manager}/node-lifecycle/node-plan`,
    'taints.filter((taint) => !ownTaints.has(taint.key) || isWanted(taint))',
    'taints.filter((taint) => ownTaints.size === 0 || isWanted(taint))',
  ),
  slipAbove(
    'foreground-goes-no-deeper',
    'who waits for its dependents does not wait for theirs',
    `${manager}/garbage-collector/plan`,
    "propagation: waited && hasDependents ? 'foreground' : 'background'",
    "propagation: waited && hasDependents ? 'background' : 'background'",
  ),
];
