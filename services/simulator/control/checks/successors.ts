import {
  type DaemonSet,
  getControllerOf,
  isPodReady,
  isPodTerminal,
  type Pod,
  type StatefulSet,
} from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { isGoing, nameOf, ordinalOf, uidOf } from './metadata.ts';
import type { Change, ObjectHistory } from './objects.ts';
import { isDaemonPlace, isSamePlace, nodeOf, repelling } from './room.ts';

type Workload = StatefulSet & DaemonSet;

const kinds: Readonly<Record<string, string>> = {
  StatefulSet: 'apps/statefulsets',
  DaemonSet: 'apps/daemonsets',
};

interface Taken {
  readonly who: string;
  readonly pod: Pod;
}

/**
 * Who replaces pods one by one takes the next one when somebody serves in the place of the last one. A
 * controller knows what it took itself, however old all the rest is that it knows.
 */
export class Successors implements Checker {
  readonly name = 'successors';
  readonly #objects: ObjectHistory;
  readonly #patienceMs: number;
  readonly #now: () => number;
  /** By uid of a pod: since when it has been ready. */
  readonly #readySince = new Map<string, number>();
  /** By uid of a workload: when it was last asked for other pods, but for what is in them. */
  readonly #askedMs = new Map<string, number>();
  /** By uid of a workload: what its controller took, and nobody has served in the place of since. */
  readonly #taken = new Map<string, Taken[]>();
  #nodesMs = 0;

  /** What was that long ago is known to all who work. */
  constructor(objects: ObjectHistory, now: () => number, patienceMs: number) {
    this.#objects = objects;
    this.#now = now;
    this.#patienceMs = patienceMs;
  }

  changed({ resource, atMs, before, after }: Change): void {
    const uid = uidOf(after ?? before ?? {});
    if (resource === 'pods') {
      if (!after || !isServing(after)) this.#readySince.delete(uid);
      else this.#serves(after, atMs);
    }
    if (resource === 'nodes' && !isSamePlace(before, after)) this.#nodesMs = atMs;
    if (!Object.values(kinds).includes(resource)) return;
    if (!before || !after || wishOf(before) !== wishOf(after)) this.#askedMs.set(uid, atMs);
  }

  #serves(pod: Pod, atMs: number): void {
    const uid = uidOf(pod);
    if (!this.#readySince.has(uid)) this.#readySince.set(uid, atMs);
    const owner = getControllerOf(pod)?.uid ?? '';
    const taken = this.#taken.get(owner);
    const left = taken?.filter((each) => placeOf(each.pod) !== placeOf(pod));
    if (left) this.#taken.set(owner, left);
  }

  /** A controller asks for the deletion of a pod; the result is called if it is granted. */
  asked(who: string, namespace: string, name: string): () => void {
    const pod = this.#objects
      .all<Pod>('pods')
      .find(({ metadata }) => metadata?.namespace === namespace && metadata.name === name);
    const wrong = pod && this.#wrong(who, pod);
    return () => {
      if (wrong !== undefined) throw new BrokenPromise(wrong);
      if (pod) this.#takes(who, pod);
    };
  }

  #wrong(who: string, pod: Pod): string | undefined {
    const owner = getControllerOf(pod);
    const known = this.#now() - this.#patienceMs;
    const workload = owner && this.#workload(owner);
    const waits = workload && !isGoing(workload) && !workload.spec?.minReadySeconds;
    if (!waits || this.#nodesMs > known) return undefined;
    if ((this.#askedMs.get(owner.uid) ?? Infinity) > known) return undefined;
    // One that does not serve, as far as its controller knows, may go at any time; and one that may not stay.
    if ((this.#readySince.get(uidOf(pod)) ?? Infinity) > known) return undefined;
    if (!this.#mayStay(pod) || !this.#isWanted(pod, workload) || this.#isOneOfTwo(pod))
      return undefined;
    const before = this.#taken
      .get(owner.uid)
      ?.find((each) => each.who === who && this.#comesFirst(each.pod, pod, workload));
    if (!before) return undefined;
    return `${owner.kind} ${owner.name} removes ${nameOf(pod)}, which serves, and nobody serves yet in place of ${nameOf(before.pod)}, which it took before`;
  }

  /** Of a StatefulSet the highest are replaced first; whether those below it serve is not asked. */
  #comesFirst(taken: Pod, pod: Pod, workload: Workload): boolean {
    if (placeOf(taken) === placeOf(pod) || !this.#isWanted(taken, workload)) return false;
    return isOfDaemonSet(pod) || ordinalOf(taken) > ordinalOf(pod);
  }

  /** Nothing expels it from its node. */
  #mayStay(pod: Pod): boolean {
    const node = nodeOf(this.#objects, pod);
    return node !== undefined && !repelling(pod, node);
  }

  /** Whether there is to be somebody in its place. */
  #isWanted(pod: Pod, workload: Workload): boolean {
    if (!isOfDaemonSet(pod)) return ordinalOf(pod) < (workload.spec?.replicas ?? 1);
    const node = nodeOf(this.#objects, pod);
    return node !== undefined && isDaemonPlace(workload, pod, node);
  }

  /** Of two on one node, one goes whatever others do. */
  #isOneOfTwo(pod: Pod): boolean {
    const uid = getControllerOf(pod)?.uid;
    return this.#objects
      .all<Pod>('pods')
      .some(
        (each) =>
          uidOf(each) !== uidOf(pod) &&
          getControllerOf(each)?.uid === uid &&
          placeOf(each) === placeOf(pod) &&
          !isPodTerminal(each),
      );
  }

  #takes(who: string, pod: Pod): void {
    const owner = getControllerOf(pod);
    if (!owner || !(owner.kind in kinds)) return;
    const taken = this.#taken.get(owner.uid) ?? [];
    this.#taken.set(owner.uid, [...taken, { who, pod }]);
  }

  #workload({ kind, uid }: { readonly kind: string; readonly uid: string }): Workload | undefined {
    const resource = kinds[kind];
    return resource === undefined
      ? undefined
      : this.#objects.all<Workload>(resource).find((each) => uidOf(each) === uid);
  }
}

const isServing = (pod: Pod): boolean => isPodReady(pod) && !isPodTerminal(pod) && !isGoing(pod);
const isOfDaemonSet = (pod: Pod): boolean => getControllerOf(pod)?.kind === 'DaemonSet';
/** What a successor takes over: of a StatefulSet the name, of a DaemonSet the node. */
const placeOf = (pod: Pod): string =>
  isOfDaemonSet(pod) ? (pod.spec?.nodeName ?? '') : nameOf(pod);

/** What decides how many pods there are to be, and where, and how they are replaced. */
function wishOf({ spec }: Workload): string {
  const { nodeSelector, affinity, tolerations } = spec?.template?.spec ?? {};
  const { replicas, minReadySeconds, updateStrategy } = spec ?? {};
  const place = [nodeSelector, affinity, tolerations];
  return JSON.stringify([replicas, minReadySeconds, updateStrategy, ...place]);
}
