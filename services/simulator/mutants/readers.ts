import type { Mutant } from './mutant.ts';
import { slipAbove } from './slip.ts';

const manager = 'services/controller-manager';
const server = 'services/apiserver';

/** A fifth round above the store: one expression each, chosen by reading it, before a look at the checkers. */
export const readersMutants: readonly Mutant[] = [
  slipAbove(
    'old-pods-called-updated',
    'a Deployment calls all of its pods up to date',
    `${manager}/deployment/status`,
    'updatedReplicas: current?.status?.replicas ?? 0,',
    'updatedReplicas: sum(replicaSets, ({ status }) => status?.replicas ?? 0),',
  ),
  slipAbove(
    'partial-update-is-the-current-one',
    'the template of an update that stops at its partition is taken for the one from before',
    `${manager}/statefulset/plan`,
    'currentRevision: complete ? update : current,',
    'currentRevision: update,',
  ),
  slipAbove(
    'daemons-for-nodes-that-repel',
    'a DaemonSet makes pods for nodes that repel them',
    `${manager}/daemonset/plan`,
    'return { should: !expels && !repels, mayStay: !expels };',
    'return { should: !expels, mayStay: !expels };',
  ),
  slipAbove(
    'wishes-counted-for-each-pod',
    'a budget adds what a controller wants once for each of its pods',
    `${manager}/disruption/controller`,
    'else if (!counted.has(owner.uid)) {',
    'else {',
  ),
  slipAbove(
    'collected-though-adopted',
    'what has an owner again by now is collected with the one that it had',
    `${manager}/garbage-collector/controller`,
    '{ namespace, uid, resourceVersion, propagation }',
    '{ namespace, uid, propagation }',
  ),
  slipAbove(
    'own-absence-held-against-nodes',
    'time in which a controller manager did not look counts as silence of the nodes',
    `${manager}/node-lifecycle/health`,
    'else heard.at += unwatchedMs;',
    '',
  ),
  slipAbove(
    'cron-keeps-the-oldest',
    'of the Jobs that have ended, a CronJob deletes the newest',
    `${manager}/cronjob/plan`,
    'known.sort((a, b) => startOf(a) - startOf(b))',
    'known.sort((a, b) => startOf(b) - startOf(a))',
  ),
  slipAbove(
    'spread-without-oneself',
    'a pod that is spread does not count itself',
    'services/scheduler/plugins/pod-topology-spread',
    'counts.at(topologyKey, node) + self - least > maxSkew',
    'counts.at(topologyKey, node) - least > maxSkew',
  ),
  slipAbove(
    'all-that-is-lower-goes',
    'a pod that preempts sends away all that is less important, needed or not',
    'services/scheduler/preemption/victims',
    'if (refusalOn(pod, kept, nodes)) victims.push(each);',
    'if (each !== pod) victims.push(each);',
  ),
  slipAbove(
    'bound-on-its-way-out',
    'a pod that is being deleted is given a node',
    `${server}/pods/binding`,
    'if (deletionTimestamp) {',
    'if (deletionTimestamp === "") {',
  ),
  slipAbove(
    'claims-never-dropped',
    'the address of what was deleted is never free again',
    `${server}/registry/claims`,
    '...dropped.map((claim): RequestOp => {',
    '...dropped.slice(dropped.length).map((claim): RequestOp => {',
  ),
  slipAbove(
    'anybody-resigns',
    'who led before can end the lead of who leads now',
    `${server}/elections/elections`,
    'if (!leader || leader.token !== token || leader.identity !== identity) return;',
    'if (!leader) return;',
  ),
  slipAbove(
    'stale-budgets-pay',
    'evictions are granted by a budget whose change nobody has counted yet',
    `${server}/pods/budgets`,
    'if ((status?.observedGeneration ?? 0) < (metadata?.generation ?? 0)) {',
    'if ((status?.observedGeneration ?? 0) < 0) {',
  ),
  slipAbove(
    'namesakes-are-updates',
    'whoever follows objects takes a namesake for the next version',
    'shared/client/informer',
    'if (before && before.metadata?.uid !== object.metadata?.uid) {',
    'if (before && before.metadata?.uid === "") {',
  ),
  slipAbove(
    'namesake-counts-the-pods',
    'pods of a Job that is gone wait for its namesake to count them',
    `${manager}/job/tracking`,
    'if (job?.metadata?.uid === owner.uid) return counts(job);',
    'if (job) return counts(job);',
  ),
  slipAbove(
    'patches-of-any-version',
    'a patch does not care which version it rests on',
    `${server}/registry/registry`,
    'if (asked && asked !== current.metadata?.resourceVersion) throw conflict(resource, name);',
    '',
  ),
  slipAbove(
    'quotas-overdrawn',
    'more is created than a quota has room for',
    `${server}/admission/plugins/resource-quota`,
    'if (over.length > 0) throw refusal',
    'if (over.length > 9) throw refusal',
  ),
];
