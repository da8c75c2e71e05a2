import { isPodTerminal, type Node, type Pod } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { nameOf } from './metadata.ts';
import type { Change } from './objects.ts';
import { hostPorts, millicores, roomOf } from './room.ts';

/** Pods are bound where there is room for them, and to nodes that exist. */
export class Capacity implements Checker {
  readonly name = 'capacity of nodes';
  /** The last version of each, and until when it is known: infinity where it is there. */
  readonly #nodes = new Map<string, { readonly node: Node; readonly untilMs: number }>();
  readonly #pods = new Map<string, Pod>();
  readonly #patienceMs: number;

  /** What was that long ago is known to all who work. */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  changed({ resource, key, atMs, revision, before, after }: Change): void {
    if (resource === 'nodes') {
      const node: Node = after ?? before ?? {};
      const untilMs = after ? Infinity : atMs + this.#patienceMs;
      this.#nodes.set(nameOf(node), { node, untilMs });
    }
    if (resource !== 'pods') return;
    const pod: Pod | undefined = after;
    const node = pod?.spec?.nodeName;
    if (!pod || node === undefined || isPodTerminal(pod)) {
      this.#pods.delete(key);
      return;
    }
    this.#pods.set(key, pod);
    const last: Pod | undefined = before;
    if (last?.spec?.nodeName === undefined) this.#bound(key, node, revision, atMs);
  }

  #bound(key: string, name: string, revision: number, atMs: number): void {
    const { node, untilMs } = this.#nodes.get(name) ?? {};
    if (!node || (untilMs ?? 0) < atMs)
      throw new BrokenPromise(`${key} is bound to ${name}, which does not exist`);
    const there = [...this.#pods.values()].filter(({ spec }) => spec?.nodeName === name);
    const asked = there.reduce((sum, pod) => sum + millicores(pod), 0);
    const held = there.flatMap(hostPorts);
    const twice = held.find((port, i) => held.indexOf(port) < i);
    if (twice !== undefined) {
      throw new BrokenPromise(
        `${key} is bound to ${name} at revision ${revision}: two pods hold its port ${twice}`,
      );
    }
    const room = roomOf(node);
    if (asked > room) {
      throw new BrokenPromise(
        `${key} is bound to ${name} at revision ${revision}: ${there.length} pods ask for ${asked}m of its ${room}m`,
      );
    }
  }
}
