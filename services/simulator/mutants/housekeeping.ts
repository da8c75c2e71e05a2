import type { Mutant } from './mutant.ts';
import { slipAbove, unseen } from './slip.ts';

const manager = 'services/controller-manager';
const server = 'services/apiserver';

/** Bugs of the controllers that keep house, and of what the API server does for them. */
export const housekeepingMutants: readonly Mutant[] = [
  unseen(
    'a node that is lost twice for less than its pods may stay',
    slipAbove(
      'taint-clock-goes-on',
      'what pods tolerate for a time is counted from the first time that their node was lost',
      `${manager}/node-lifecycle/controller`,
      'this.#taintedAt.delete(name); return undefined;',
      'return undefined;',
    ),
  ),
  unseen(
    'a node that is lost for long, and where others are',
    slipAbove(
      'tolerations-last',
      'a toleration for some seconds is one for ever',
      `${manager}/node-lifecycle/eviction`,
      '...seconds.map((each) => (each === undefined ? Number.POSITIVE_INFINITY : each * 1_000)),',
      '...seconds.map(() => Number.POSITIVE_INFINITY),',
    ),
  ),
  unseen(
    'a pod that is called ready after its node is called lost',
    slipAbove(
      'pods-marked-once',
      'the pods of a lost node are only marked at the moment in which it is found out',
      `${manager}/node-lifecycle/controller`,
      'if (!isReady(tainted)) await this.#markPodsNotReady(tainted);',
      'if (marked !== node) await this.#markPodsNotReady(tainted);',
    ),
  ),
  slipAbove(
    'cordon-taint-stays',
    'a node that is uncordoned keeps the taint of its cordon',
    `${manager}/node-lifecycle/node-plan`,
    'notReadyTaint, unreachableTaint, unschedulableTaint, ]);',
    'notReadyTaint, unreachableTaint ]);',
  ),
  unseen(
    'a dependent that is made just before its owner is deleted alone',
    slipAbove(
      'orphans-by-the-cache',
      'orphaning sees only the dependents that its cache knows',
      `${manager}/garbage-collector/controller`,
      'await this.#liveDependentsOf(info, owner)',
      'this.#kinds.dependentsOf(ownerUid)',
    ),
  ),
  slipAbove(
    'adopted-since-collected',
    'what was adopted since its owners were looked at is collected',
    `${manager}/garbage-collector/controller`,
    '{ namespace, uid, resourceVersion, propagation }',
    '{ namespace, uid, propagation }',
  ),
  slipAbove(
    'any-owner-of-that-name',
    'an owner of the same name is taken for the one that is gone',
    `${manager}/garbage-collector/controller`,
    'if (cached?.metadata?.uid === owner.uid) return stateOfLiving(cached);',
    'if (cached) return stateOfLiving(cached);',
  ),
  slipAbove(
    'last-dependent-unheard',
    'an owner that waits is not told that its last dependent went',
    `${manager}/garbage-collector/controller`,
    'enqueueDependents(object); enqueueOwners(object);',
    'enqueueDependents(object);',
  ),
  slipAbove(
    'namespace-does-not-wait',
    'a namespace goes before the pods that are ending in it',
    `${manager}/namespace/controller`,
    'if (metadata?.deletionTimestamp !== undefined) { remaining++; continue; }',
    'if (metadata?.deletionTimestamp !== undefined) { continue; }',
  ),
  slipAbove(
    'slices-by-their-size',
    'a slice is written again where the number of its endpoints changed',
    `${manager}/endpointslice/plan`,
    'if (!equalJson(next, slice)) updates.push(next);',
    'if (next.endpoints.length !== slice.endpoints.length) updates.push(next);',
  ),
  unseen(
    'a look at the older Endpoints while pods are ending',
    slipAbove(
      'ending-pods-are-addresses',
      'the older Endpoints go on naming pods that are ending',
      `${manager}/endpoints/controller`,
      '.filter(({ conditions }) => conditions?.terminating !== true)',
      '',
    ),
  ),
  unseen(
    'an eviction that is granted and comes to nothing, and two minutes',
    slipAbove(
      'evictions-never-expire',
      'an eviction that came to nothing counts against its budget for ever',
      `${manager}/disruption/plan`,
      'names.has(name) && now.ms - Date.parse(since) < disruptedForMs',
      'names.has(name)',
    ),
  ),
  unseen(
    'a quota of nothing but pods, whose kinds are not counted again now and then',
    slipAbove(
      'quota-not-given-back',
      'what is deleted stays charged until something else happens',
      `${manager}/resourcequota/controller`,
      'deleted: recount,',
      '',
    ),
  ),
  unseen(
    'a quota of nothing but pods, whose kinds are not counted again now and then',
    slipAbove(
      'ended-pods-stay-charged',
      'a pod that has ended is charged until something else happens',
      `${manager}/resourcequota/controller`,
      '${(object as Pod).status?.phase}',
      '',
    ),
  ),
  unseen(
    'a pod of a Job on a node that is deleted for good',
    slipAbove(
      'orphans-never-fail',
      'a pod of a node that is gone and that a finalizer keeps never ends',
      `${manager}/pod-gc/controller`,
      'if (!gone && !isPodTerminal(object)) await markFailed(context, { pod: object, reason });',
      '',
    ),
  ),
  slipAbove(
    'account-made-once',
    'a default account that somebody deletes does not come back',
    `${manager}/each-namespace`,
    'objects.addHandlers({ updated: (_before, after) => byObject(after), deleted: byObject });',
    'objects.addHandlers({ updated: (_before, after) => byObject(after) });',
  ),
  slipAbove(
    'sums-keep-the-deleted',
    'a sum of roles keeps the rules of one that is deleted',
    `${manager}/clusterrole-aggregation/controller`,
    'updated: enqueueSums, deleted: enqueueSums',
    'updated: enqueueSums',
  ),
  slipAbove(
    'unhealthy-go-free',
    'a pod that is not ready may always be evicted',
    `${server}/pods/budgets`,
    'return desiredHealthy > 0 && currentHealthy >= desiredHealthy;',
    'return desiredHealthy >= 0 && currentHealthy >= 0;',
  ),
  slipAbove(
    'registration-uncordons',
    'a node that registers again is no more cordoned',
    `${server}/nodes/nodes`,
    'const updated = prepareUpdate(this.#nodes, merged, old);',
    'const updated = prepareUpdate(this.#nodes, { ...merged, spec: { ...(old as Node).spec, unschedulable: false } } as KubeObject, old);',
  ),
  slipAbove(
    'server-does-not-come-back',
    'a server whose lease ran out is never again an endpoint of the Service kubernetes',
    `${server}/kubernetes-service/publisher`,
    'if (this.#lease !== undefined && (await kv.leaseKeepAlive(this.#lease)) > 0) return;',
    'if (this.#lease !== undefined) { await kv.leaseKeepAlive(this.#lease); return; }',
  ),
  slipAbove(
    'claims-outlive-their-object',
    'the addresses of what is deleted stay taken',
    `${server}/registry/object-store`,
    'const all = [...ops, ...claimOps(changes, key)];',
    'const all = [...ops, ...claimOps({ ...changes, dropped: [] }, key)];',
  ),
  slipAbove(
    'updates-charged-whole',
    'an update is charged for all that its object has',
    `${server}/admission/plugins/resource-quota`,
    'const before = old ? chargesOf(request.resource, old) : new Map<string, never>();',
    'const before = new Map<string, never>();',
  ),
  slipAbove(
    'used-claims-go',
    'a claim goes while a pod uses it',
    `${manager}/persistent-volume/protection`,
    'if (claim?.metadata?.deletionTimestamp === undefined) return;',
    "if (claim?.metadata?.deletionTimestamp === undefined) return; if (Math.max(1)) return release(context, refs.persistentVolumeClaims, claim, 'kubernetes.io/pvc-protection');",
  ),
  unseen(
    'a pod that is bound between the deletion of its claim and its end',
    slipAbove(
      'used-as-the-cache-has-it',
      'a claim goes that a pod uses which was bound a moment ago',
      `${manager}/persistent-volume/protection`,
      'if (isUsed(claim, items)) return;',
      'void items;',
    ),
  ),
  slipAbove(
    'retained-is-emptied',
    'what is to be kept of a volume is removed with its claim',
    `${manager}/persistent-volume/volumes`,
    "if (policy !== 'Delete' && policy !== 'Recycle') {",
    'if (false as boolean) {',
  ),
  slipAbove(
    'claims-wait-for-the-nowhere',
    'a claim stays for the sake of a pod that waits for the next one',
    `${manager}/persistent-volume/protection`,
    'pod.spec?.nodeName !== undefined &&',
    '',
  ),
  unseen(
    'a claim that is deleted between its volume and its binding',
    slipAbove(
      'unheard-volumes-stay',
      'a volume whose claim goes before it is bound stays',
      `${manager}/persistent-volume/controller`,
      'deleted: claimGone,',
      'deleted: claimSeen,',
    ),
  ),
  slipAbove(
    'claims-made-once',
    'a claim that goes before its pod is anywhere is not made again',
    `${manager}/statefulset/controller`,
    'return waiting.flatMap((pod) => ordinalOf(set, pod) ?? []);',
    'return waiting.flatMap(() => []);',
  ),
  unseen(
    'a look at who a claim is to go with, when its pod is no more',
    slipAbove(
      'claims-of-the-scaled-stay',
      'a claim stays whose pod is one too many',
      `${manager}/statefulset/claim-owners`,
      "if (isTooMany && whenScaled === 'Delete') {",
      'if (false as boolean) {',
    ),
  ),
  slipAbove(
    'anywhere-with-a-volume',
    'the scheduler does not look at where the volumes of a pod are',
    'services/scheduler/volumes/pod-claims',
    'if (!bound.every((volume) => volumeAllowsNode(volume, node))) {',
    'if (false as boolean) {',
  ),
];
