import { getCondition, isPodTerminal, type Node, type Pod } from '#shared/api';
import {
  emptyNodeInfo,
  type NodeInfo,
  nodeInfo,
  type PodInfo,
  podInfo,
  uidOf,
  withoutPod,
  withPod,
  withPromised,
} from './node-info.ts';

/** A node that is promised to a pod, which waits there until others have gone for its sake. */
interface Nomination {
  readonly pod: PodInfo;
  readonly node: string;
  /** By uid: who was told to go. */
  readonly victims: ReadonlySet<string>;
}

/**
 * The nodes with what is on them, as the scheduler knows them: what its informers have seen, and the
 * pods it has assigned but not seen assigned yet. Values handed out do not change.
 */
export class ClusterCache {
  readonly #nodes = new Map<string, NodeInfo>();
  /** By pod uid; pods of nodes not seen yet are here too. */
  readonly #placed = new Map<string, { pod: PodInfo; node: string; assumed: boolean }>();

  readonly #nominations = new Map<string, Nomination>();

  /** The nodes as a pod may see them: those that they are promised to, of no lower priority, are on them too. */
  nodesFor(pod: PodInfo): readonly NodeInfo[] {
    if (this.#nominations.size === 0) return [...this.#nodes.values()];
    const nodes = new Map(this.#nodes);
    for (const { pod: nominee, node } of this.#nominations.values()) {
      const info = nodes.get(node);
      if (!info || uidOf(nominee) === uidOf(pod) || nominee.priority < pod.priority) continue;
      nodes.set(node, withPromised(info, nominee));
    }
    return [...nodes.values()];
  }

  /** Promises a node to a pod. */
  nominate(pod: PodInfo, node: string, victims: readonly PodInfo[] = []): void {
    this.#nominations.set(uidOf(pod), { pod, node, victims: new Set(victims.map(uidOf)) });
  }

  nominationOf(pod: PodInfo): string | undefined {
    return this.#nominations.get(uidOf(pod))?.node;
  }

  /** Takes a promise back; whether there was one. */
  withdraw(pod: Pod): boolean {
    return this.#nominations.delete(pod.metadata?.uid ?? '');
  }

  /** Pods of lower priority that the same node was promised to. */
  outbid(pod: PodInfo, node: string): readonly Pod[] {
    return [...this.#nominations.values()]
      .filter((other) => other.node === node && other.pod.priority < pod.priority)
      .map((other) => other.pod.pod);
  }

  /** Whether pods that go for this one's sake are still there. */
  awaitsVictims(pod: PodInfo): boolean {
    const nomination = this.#nominations.get(uidOf(pod));
    const on = nomination && this.#nodes.get(nomination.node);
    if (!on) return false;
    return [...on.pods.values()].some(
      (each) =>
        each.priority < pod.priority &&
        (nomination.victims.has(uidOf(each)) || isBeingPreempted(each.pod)),
    );
  }

  setNode(node: Node): void {
    const name = node.metadata?.name ?? '';
    const known = this.#nodes.get(name);
    if (known) {
      const { allocatable } = emptyNodeInfo(node);
      this.#nodes.set(name, { ...known, node, allocatable });
      return;
    }
    const placed = [...this.#placed.values()].filter((place) => place.node === name);
    this.#nodes.set(
      name,
      nodeInfo(
        node,
        placed.map(({ pod }) => pod),
      ),
    );
  }

  removeNode(name: string): void {
    this.#nodes.delete(name);
  }

  /** A pod seen on its node; one that has ended takes nothing any more. */
  setPod(pod: Pod): void {
    const node = pod.spec?.nodeName ?? '';
    if (node === '') return;
    this.removePod(pod);
    if (!isPodTerminal(pod)) this.#place(podInfo(pod), node, false);
  }

  /** Counts a pod on a node before it is seen there. */
  assume(pod: PodInfo, node: string): void {
    this.#place(pod, node, true);
  }

  /** Counted on a node, and not seen there yet. */
  assumes(pod: Pod): boolean {
    return this.#placed.get(pod.metadata?.uid ?? '')?.assumed === true;
  }

  /** Takes an assumption back, unless the pod has been seen there since; whether that frees room. */
  forget(pod: Pod): boolean {
    return this.assumes(pod) && this.removePod(pod);
  }

  /** Whether it was on a node, or one was promised to it. */
  removePod(pod: Pod): boolean {
    const uid = pod.metadata?.uid ?? '';
    const promised = this.withdraw(pod);
    const place = this.#placed.get(uid);
    if (!place) return promised;
    this.#placed.delete(uid);
    const info = this.#nodes.get(place.node);
    if (info) this.#nodes.set(place.node, withoutPod(info, uid));
    return true;
  }

  #place(pod: PodInfo, node: string, assumed: boolean): void {
    this.#nominations.delete(uidOf(pod));
    this.#placed.set(uidOf(pod), { pod, node, assumed });
    const info = this.#nodes.get(node);
    if (info) this.#nodes.set(node, withPod(info, pod));
  }
}

/** Told to go by this scheduler, or by the one that led before. */
const isBeingPreempted = ({ metadata, status }: Pod): boolean =>
  metadata?.deletionTimestamp !== undefined &&
  getCondition(status?.conditions, 'DisruptionTarget')?.reason === 'PreemptionByScheduler';
