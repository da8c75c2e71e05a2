import type { KubeObject } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import type { Change } from './objects.ts';

/** Dependents that only the garbage collector deletes: none goes while an owner stays. */
export class Garbage implements Checker {
  readonly name = 'garbage collection';
  readonly #live = new Set<string>();

  changed({ resource, key, revision, before, after }: Change): void {
    if (resource !== 'configmaps') return;
    const uid = (after ?? before)?.metadata?.uid ?? '';
    if (after && !isGoing(after)) this.#live.add(uid);
    else this.#live.delete(uid);
    const goes = before && !isGoing(before) && (!after || isGoing(after));
    if (!goes) return;
    const owner = before.metadata?.ownerReferences?.find((each) => this.#live.has(each.uid));
    if (!owner) return;
    throw new BrokenPromise(
      `${key} is deleted at revision ${revision}, its owner ${owner.name} (${owner.uid}) lives`,
    );
  }
}

const isGoing = ({ metadata }: KubeObject): boolean => metadata?.deletionTimestamp !== undefined;
