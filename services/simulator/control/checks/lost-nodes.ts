import { isConditionTrue, isPodReady, isPodTerminal, type Node, type Pod } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { isGoing, nameOf } from './metadata.ts';
import type { Change, ObjectHistory } from './objects.ts';

const resource = 'coordination.k8s.io/leases';
const namespace = 'kube-node-lease';
/** What a node that is silent is tainted with, so that pods go. */
const taint = 'node.kubernetes.io/unreachable';

/** Where nothing breaks but nodes, the pods of one that is silent are soon called unready, and are on their way elsewhere. */
export class LostNodes implements Checker {
  readonly name = 'lost nodes';
  readonly #objects: ObjectHistory;
  readonly #boundMs: number;
  /** By node: its last sign of life. */
  readonly #heardMs = new Map<string, number>();
  /** When no node was ready last: as long as that is so, pods stay where they are. */
  #noneReadyMs = -Infinity;

  /** Infinity: it may take as long as it likes. */
  constructor(objects: ObjectHistory, boundMs: number) {
    this.#objects = objects;
    this.#boundMs = boundMs;
  }

  changed({ resource: changed, atMs, before, after }: Change): void {
    const isBeat = changed === resource && after?.metadata?.namespace === namespace;
    const isNew = changed === 'nodes' && !before;
    if (after && (isBeat || isNew)) this.#heardMs.set(nameOf(after), atMs);
    // Only its node calls a pod ready.
    const speaks = changed === 'pods' && isPodReady(after ?? {}) && !isPodReady(before ?? {});
    if (speaks) this.#heardMs.set((after as Pod).spec?.nodeName ?? '', atMs);
  }

  tick(nowMs: number): void {
    if (this.#boundMs === Infinity) return;
    const nodes = this.#objects.all<Node>('nodes');
    if (!nodes.some(isReady)) this.#noneReadyMs = nowMs;
    const mayStay = nowMs - this.#noneReadyMs <= this.#boundMs;
    for (const node of nodes) {
      const name = nameOf(node);
      const silentMs = nowMs - (this.#heardMs.get(name) ?? nowMs);
      if (silentMs <= this.#boundMs) continue;
      const pods = this.#objects.all<Pod>('pods').filter(({ spec }) => spec?.nodeName === name);
      const silent = `${name}, which has been silent for ${Math.round(silentMs)} ms`;
      const ready = pods.find((pod) => isPodReady(pod) && !isPodTerminal(pod));
      if (ready) throw new BrokenPromise(`pod ${nameOf(ready)} is called ready on ${silent}`);
      const rest = pods.find(stays);
      if (rest && !mayStay) throw new BrokenPromise(`pod ${nameOf(rest)} stays on ${silent}`);
    }
  }
}

const isReady = ({ status }: Node): boolean => isConditionTrue(status?.conditions, 'Ready');

function stays(pod: Pod): boolean {
  const endures = pod.spec?.tolerations?.some(
    ({ key, tolerationSeconds }) => tolerationSeconds === undefined && (!key || key === taint),
  );
  return !isGoing(pod) && !isPodTerminal(pod) && !endures;
}
