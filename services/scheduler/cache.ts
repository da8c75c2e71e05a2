import { isPodTerminal, type Node, type Pod } from '#shared/api';
import {
  emptyNodeInfo,
  type NodeInfo,
  nodeInfo,
  type PodInfo,
  podInfo,
  withoutPod,
  withPod,
} from './node-info.ts';

/**
 * The nodes with what is on them, as the scheduler knows them: what its informers have seen, and the
 * pods it has assigned but not seen assigned yet. Values handed out do not change.
 */
export class ClusterCache {
  readonly #nodes = new Map<string, NodeInfo>();
  /** By pod uid; pods of nodes not seen yet are here too. */
  readonly #placed = new Map<string, { pod: PodInfo; node: string; assumed: boolean }>();

  nodes(): readonly NodeInfo[] {
    return [...this.#nodes.values()];
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

  /** Takes an assumption back, unless the pod has been seen there since; whether that frees room. */
  forget(pod: Pod): boolean {
    const isAssumed = this.#placed.get(pod.metadata?.uid ?? '')?.assumed === true;
    return isAssumed && this.removePod(pod);
  }

  /** Whether it was on a node. */
  removePod(pod: Pod): boolean {
    const uid = pod.metadata?.uid ?? '';
    const place = this.#placed.get(uid);
    if (!place) return false;
    this.#placed.delete(uid);
    const info = this.#nodes.get(place.node);
    if (info) this.#nodes.set(place.node, withoutPod(info, uid));
    return true;
  }

  #place(pod: PodInfo, node: string, assumed: boolean): void {
    this.#placed.set(pod.pod.metadata?.uid ?? '', { pod, node, assumed });
    const info = this.#nodes.get(node);
    if (info) this.#nodes.set(node, withPod(info, pod));
  }
}
