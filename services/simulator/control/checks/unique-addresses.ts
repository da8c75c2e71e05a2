import { isPodTerminal, type KubeObject, type Node, type Pod, type Service } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { isGoing, nameOf } from './metadata.ts';
import type { Change } from './objects.ts';

/**
 * No two pods, Services or nodes have the same address, or range of them, at once. While a node is away because
 * somebody deleted it, another one may be given its range; else it has that again when it comes again.
 */
export class UniqueAddresses implements Checker {
  readonly name = 'unique addresses';
  readonly #holders = new Map<string, string>();
  /** By key: those that have an address. */
  readonly #pods = new Map<string, Pod>();
  /** Nodes that were deleted once. */
  readonly #left = new Set<string>();
  /** Of the nodes that are there. */
  readonly #ranges = new Map<string, string>();

  changed({ resource, key, revision, before, after }: Change): void {
    if (resource === 'nodes') this.#node(before, after, revision);
    if (resource === 'pods') this.#pod(key, after);
    const was = addressOf(resource, before);
    const is = addressOf(resource, after);
    if (was !== is && was !== undefined && this.#holders.get(was) === key) {
      this.#holders.delete(was);
    }
    if (is === undefined || this.#isLost(key)) return;
    const holder = this.#holders.get(is);
    if (holder !== undefined && holder !== key && !this.#isLost(holder)) {
      throw new BrokenPromise(`${is} is ${holder}'s and ${key}'s at revision ${revision}`);
    }
    this.#holders.set(is, key);
  }

  #node(before: KubeObject | undefined, after: Node | undefined, revision: number): void {
    const name = nameOf(after ?? before ?? {});
    const range = after?.spec?.podCIDR;
    if (!after) this.#left.add(name);
    else if (!before && range !== undefined) this.#comes(name, range, revision);
    if (range === undefined) this.#ranges.delete(name);
    else this.#ranges.set(name, range);
  }

  #comes(name: string, range: string, revision: number): void {
    const own = [...this.#pods.values()].filter(({ spec }) => spec?.nodeName === name);
    const [old, ...others] = new Set(own.map(({ status }) => rangeOf(status?.podIP ?? '')));
    const isFree = ![...this.#ranges.values()].some((each) => each === old);
    if (old === undefined || others.length > 0 || old === range || !isFree) return;
    throw new BrokenPromise(
      `${name} comes again with ${range} at revision ${revision}, and its pods are in ${old}, which nobody has`,
    );
  }

  #pod(key: string, pod: Pod | undefined): void {
    if (pod && addressOf('pods', pod) !== undefined) this.#pods.set(key, pod);
    else this.#pods.delete(key);
  }

  /** A pod whose node was deleted, and does not have its range now. */
  #isLost(key: string): boolean {
    const pod = this.#pods.get(key);
    const node = pod?.spec?.nodeName ?? '';
    return this.#left.has(node) && this.#ranges.get(node) !== rangeOf(pod?.status?.podIP ?? '');
  }
}

function addressOf(resource: string, object: KubeObject | undefined): string | undefined {
  if (!object) return undefined;
  if (resource === 'nodes') return (object as Node).spec?.podCIDR;
  if (resource === 'services') {
    const { clusterIP } = (object as Service).spec ?? {};
    return clusterIP === 'None' ? undefined : clusterIP;
  }
  if (resource !== 'pods' || isPodTerminal(object)) return undefined;
  // Of a pod that is on its way out the address may be given to the next one.
  if (isGoing(object)) return undefined;
  return (object as Pod).status?.podIP;
}

const rangeOf = (ip: string): string => `${ip.split('.').slice(0, 3).join('.')}.0/24`;
