import {
  type DaemonSet,
  getControllerOf,
  isPodReady,
  isPodTerminal,
  type KubeObject,
  type Node,
  type Pod,
  type ReplicaSet,
  type StatefulSet,
} from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { isGoing, nameOf, ordinalOf, uidOf } from './metadata.ts';
import type { Change, ObjectHistory } from './objects.ts';
import { isDaemonPlace, isSamePlace, nodeOf, repelling } from './room.ts';

/** Kinds that choose which of their pods go. */
const choosers: readonly string[] = ['apps/replicasets', 'apps/statefulsets', 'apps/daemonsets'];

/** Controllers that make room for new pods, or for fewer, take those that do not serve first; of a StatefulSet's, the last. */
export class Removals implements Checker {
  readonly name = 'removals';
  readonly #objects: ObjectHistory;
  readonly #patienceMs: number;
  readonly #now: () => number;
  /** By uid of a pod: whether it is ready, and since when. */
  readonly #readiness = new Map<string, { readonly ready: boolean; readonly sinceMs: number }>();
  /** By uid of a workload: when it was last asked for something else. */
  readonly #askedMs = new Map<string, number>();
  readonly #asked = new Set<string>();
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
      const ready = isPodReady(after ?? {});
      if (!after) this.#readiness.delete(uid);
      else if (this.#readiness.get(uid)?.ready !== ready)
        this.#readiness.set(uid, { ready, sinceMs: atMs });
    }
    const sameWish = before?.metadata?.generation === after?.metadata?.generation;
    if (choosers.includes(resource) && !sameWish) this.#askedMs.set(uid, atMs);
    if (resource === 'nodes' && !isSamePlace(before, after)) this.#nodesMs = atMs;
  }

  /** A controller asks for the deletion of a pod; the result is called if it is granted. */
  asked(namespace: string, name: string): () => void {
    const wrong = this.#wrong(namespace, name);
    return () => {
      if (wrong !== undefined) throw new BrokenPromise(wrong);
    };
  }

  #wrong(namespace: string, name: string): string | undefined {
    const pods = this.#objects.all<Pod>('pods').filter(isOf(namespace));
    const pod = pods.find(({ metadata }) => metadata?.name === name);
    this.#asked.add(uidOf(pod ?? {}));
    const known = this.#now() - this.#patienceMs;
    const serves = pod && !isPodTerminal(pod) && !isGoing(pod) && this.#isLong(true, pod, known);
    if (!serves) return undefined;
    const owner = getControllerOf(pod);
    if (!owner || this.#nodesMs > known || isGoing(this.#namespace(namespace))) return undefined;
    const rest = pods.filter(
      (each) => each !== pod && !isPodTerminal(each) && getControllerOf(each)?.uid === owner.uid,
    );
    // Of two on one node, one goes whatever others do.
    if (owner.kind === 'DaemonSet' && rest.some((each) => isBeside(each, pod))) return undefined;
    const why = this.#why(pod, owner, rest, known);
    return why && `${owner.kind} ${owner.name} removes ${name}${why}`;
  }

  /** Ready, or not, for so long that everybody knows. */
  #isLong(ready: boolean, pod: Pod, known: number): boolean {
    const is = this.#readiness.get(uidOf(pod));
    return is !== undefined && is.ready === ready && is.sinceMs < known;
  }

  /** What is wrong with that, for another one's sake. */
  #why(
    pod: Pod,
    { kind, uid }: { readonly kind: string; readonly uid: string },
    rest: readonly Pod[],
    known: number,
  ): string | undefined {
    const idle = rest.filter((each) => this.#isLong(false, each, known));
    const serves = (other: Pod | undefined): string | undefined =>
      other && `, which serves, and ${nameOf(other)} has not been ready for long`;
    const owner = this.#owner(uid);
    const place = nodeOf(this.#objects, pod);
    if (!owner || isGoing(owner) || !place || repelling(pod, place)) return undefined;
    if (kind === 'ReplicaSet') {
      return serves(
        idle.find((each) => !isGoing(each) && !this.#asked.has(uidOf(each)) && isLike(each, pod)),
      );
    }
    if (kind === 'StatefulSet' && owner.spec?.podManagementPolicy !== 'Parallel') {
      // Whether there are too many, or they are to be of another template.
      const last = rest.find(
        (each) => isAbove(each, pod) && (idle.includes(each) || this.#isLong(true, each, known)),
      );
      if (last) return ` before ${nameOf(last)}`;
    }
    if ((this.#askedMs.get(uid) ?? Infinity) > known) return undefined;
    const wanted = owner.spec?.replicas ?? 1;
    if (kind === 'StatefulSet') {
      if (ordinalOf(pod) >= wanted) return undefined;
      return serves(
        idle.find((each) => ordinalOf(each) > ordinalOf(pod) && ordinalOf(each) < wanted),
      );
    }
    const takes = (node: Node | undefined, each: Pod): boolean =>
      node !== undefined && isDaemonPlace(owner, each, node);
    if (!takes(place, pod)) return undefined;
    return serves(idle.find((each) => takes(nodeOf(this.#objects, each), each)));
  }

  #owner(uid: string): (ReplicaSet & StatefulSet & DaemonSet) | undefined {
    return choosers
      .flatMap((resource) => this.#objects.all<ReplicaSet & StatefulSet & DaemonSet>(resource))
      .find((each) => uidOf(each) === uid);
  }

  #namespace(name: string): KubeObject {
    return this.#objects.all('namespaces').find((each) => nameOf(each) === name) ?? {};
  }
}

const isOf =
  (namespace: string) =>
  ({ metadata }: KubeObject): boolean =>
    metadata?.namespace === namespace;

const isBeside = (a: Pod, b: Pod): boolean => a.spec?.nodeName === b.spec?.nodeName;
const revisionOf = ({ metadata }: Pod): string | undefined =>
  metadata?.labels?.['controller-revision-hash'];

/** Of a StatefulSet, of the same revision, and to go before it. */
function isAbove(other: Pod, pod: Pod): boolean {
  const revision = revisionOf(pod);
  return (
    revision !== undefined && revisionOf(other) === revision && ordinalOf(other) > ordinalOf(pod)
  );
}

const isLike = (a: Pod, b: Pod): boolean =>
  a.metadata?.labels?.['app'] === b.metadata?.labels?.['app'];
