import { isPodTerminal, type Node, type Pod } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { nameOf } from './metadata.ts';
import type { Change } from './objects.ts';
import { hostPorts, millicores, roomOf } from './room.ts';

/** Pods are bound where there is room for them, and to nodes that exist. */
export class Capacity implements Checker {
  readonly name = 'capacity of nodes';
  readonly #nodes = new Map<string, Node>();
  readonly #pods = new Map<string, Pod>();

  changed({ resource, key, revision, before, after }: Change): void {
    if (resource === 'nodes') {
      const name = nameOf(after ?? before ?? {});
      if (after) this.#nodes.set(name, after);
      else this.#nodes.delete(name);
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
    if (last?.spec?.nodeName === undefined) this.#bound(key, node, revision);
  }

  #bound(key: string, name: string, revision: number): void {
    const node = this.#nodes.get(name);
    if (!node) throw new BrokenPromise(`${key} is bound to ${name}, which does not exist`);
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
