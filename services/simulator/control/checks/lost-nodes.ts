import { isPodTerminal, type Node, type Pod } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { isGoing, nameOf } from './metadata.ts';
import type { Change, ObjectHistory } from './objects.ts';

const resource = 'coordination.k8s.io/leases';
const namespace = 'kube-node-lease';
/** What a node that is silent is tainted with, so that pods go. */
const taint = 'node.kubernetes.io/unreachable';

/** Where nothing breaks but nodes, the pods of one that is silent are soon on their way elsewhere. */
export class LostNodes implements Checker {
  readonly name = 'lost nodes';
  readonly #objects: ObjectHistory;
  readonly #boundMs: number;
  /** By node: its last sign of life. */
  readonly #heardMs = new Map<string, number>();

  /** Infinity: it may take as long as it likes. */
  constructor(objects: ObjectHistory, boundMs: number) {
    this.#objects = objects;
    this.#boundMs = boundMs;
  }

  changed({ resource: changed, atMs, before, after }: Change): void {
    const isBeat = changed === resource && after?.metadata?.namespace === namespace;
    const isNew = changed === 'nodes' && !before;
    if (after && (isBeat || isNew)) this.#heardMs.set(nameOf(after), atMs);
  }

  tick(nowMs: number): void {
    if (this.#boundMs === Infinity) return;
    for (const node of this.#objects.all<Node>('nodes')) {
      const name = nameOf(node);
      const silentMs = nowMs - (this.#heardMs.get(name) ?? nowMs);
      if (silentMs <= this.#boundMs) continue;
      const pod = this.#objects.all<Pod>('pods').find((each) => stays(each, name));
      if (!pod) continue;
      throw new BrokenPromise(
        `pod ${nameOf(pod)} stays on ${name}, which has been silent for ${Math.round(silentMs)} ms`,
      );
    }
  }
}

function stays(pod: Pod, node: string): boolean {
  const endures = pod.spec?.tolerations?.some(
    ({ key, tolerationSeconds }) => tolerationSeconds === undefined && (!key || key === taint),
  );
  return pod.spec?.nodeName === node && !isGoing(pod) && !isPodTerminal(pod) && !endures;
}
