import { isPodTerminal, type KubeObject, type Node, type Pod, type Service } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { isGoing } from './metadata.ts';
import type { Change } from './objects.ts';

/** No two pods, Services or nodes have the same address, or range of them, at once. */
export class UniqueAddresses implements Checker {
  readonly name = 'unique addresses';
  readonly #holders = new Map<string, string>();

  changed({ resource, key, revision, before, after }: Change): void {
    const was = addressOf(resource, before);
    const is = addressOf(resource, after);
    if (was !== is && was !== undefined && this.#holders.get(was) === key) {
      this.#holders.delete(was);
    }
    if (is === undefined) return;
    const holder = this.#holders.get(is);
    if (holder !== undefined && holder !== key) {
      throw new BrokenPromise(`${is} is ${holder}'s and ${key}'s at revision ${revision}`);
    }
    this.#holders.set(is, key);
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
