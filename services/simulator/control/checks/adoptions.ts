import { getControllerOf, type KubeObject } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import type { ObjectHistory } from './objects.ts';
import type { Written } from './writes.ts';

/**
 * Whoever takes an object that nobody controls into an owner's care has asked for the owner since the object was as
 * they found it: an owner that they only remember may be gone, and the object goes with it.
 */
export class Adoptions implements Checker {
  readonly name = 'adoptions';
  readonly #objects: ObjectHistory;
  /** By who asked and the uid of what they got, alive: the store's revision when they last asked. */
  readonly #alive = new Map<string, number>();

  constructor(objects: ObjectHistory) {
    this.#objects = objects;
  }

  got(
    read: { readonly who: string; readonly since: number },
    object: KubeObject | undefined,
  ): void {
    const { uid, deletionTimestamp } = object?.metadata ?? {};
    if (uid !== undefined && deletionTimestamp === undefined)
      this.#alive.set(`${read.who} ${uid}`, read.since);
  }

  wrote({ who, resource, expected, answer }: Written): void {
    const owner = getControllerOf(answer);
    const { uid, name } = answer.metadata ?? {};
    if (!owner || this.#controllerAt(resource, uid, Number(expected)) !== undefined) return;
    if ((this.#alive.get(`${who} ${owner.uid}`) ?? 0) >= Number(expected)) return;
    throw new BrokenPromise(
      `${who} has ${owner.kind} ${owner.name} adopt ${resource} ${name} of version ${expected}, and has not asked since whether it lives`,
    );
  }

  /** By uid, of the object as it was then. */
  #controllerAt(resource: string, uid: string | undefined, revision: number): string | undefined {
    const change = this.#objects
      .changesAfter(resource, revision)
      .find(({ before }) => before?.metadata?.uid === uid);
    return getControllerOf(change?.before ?? {})?.uid;
  }
}
