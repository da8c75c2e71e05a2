import { isPodTerminal, type Node, type Pod } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { nameOf, uidOf } from './metadata.ts';
import type { Change } from './objects.ts';
import { mayDisplace, priorityOf } from './preemption.ts';
import { millicores, roomOf } from './room.ts';
import { isUndemanding } from './victims.ts';

interface Promised {
  readonly node: string;
  readonly sinceMs: number;
}

/** Where nothing breaks, room that others made for a pod is taken by nobody who is not more important. */
export class PromisedRoom implements Checker {
  readonly name = 'promised room';
  readonly #nodes = new Map<string, Node>();
  readonly #pods = new Map<string, Pod>();
  readonly #promised = new Map<string, Promised>();
  readonly #patienceMs: number;

  /** What was that long ago is known to all who work; Infinity: nobody knows. */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  changed({ resource, key, revision, atMs, before, after }: Change): void {
    if (resource === 'nodes' && after) this.#nodes.set(nameOf(after), after);
    if (resource !== 'pods') return;
    const pod: Pod = after ?? before ?? {};
    const uid = uidOf(pod);
    const last: Pod = before ?? {};
    if (!after || isPodTerminal(after)) {
      this.#pods.delete(uid);
      this.#promised.delete(uid);
      return;
    }
    this.#pods.set(uid, pod);
    const node = mayDisplace(pod) ? pod.status?.nominatedNodeName : undefined;
    if (!node) this.#promised.delete(uid);
    else if (this.#promised.get(uid)?.node !== node)
      this.#promised.set(uid, { node, sinceMs: atMs });
    const bound = pod.spec?.nodeName;
    if (bound === undefined || last.spec?.nodeName !== undefined) return;
    this.#taken(pod, bound, atMs, `${key} is bound to ${bound} at revision ${revision}`);
  }

  #taken(pod: Pod, name: string, atMs: number, what: string): void {
    const node = this.#nodes.get(name);
    const there = [...this.#pods.values()].filter(({ spec }) => spec?.nodeName === name);
    if (!node || ![pod, ...there].every(isUndemanding)) return;
    const asked = there.reduce((sum, each) => sum + millicores(each), 0);
    for (const [uid, promised] of this.#promised) {
      const other = this.#pods.get(uid);
      const isOld = promised.sinceMs <= atMs - this.#patienceMs;
      if (!other || promised.node !== name || !isOld || !isUndemanding(other)) continue;
      if (priorityOf(other) < priorityOf(pod) || asked + millicores(other) <= roomOf(node))
        continue;
      throw new BrokenPromise(`${what}, where room was promised to ${nameOf(other)}`);
    }
  }
}
