import { getControllerOf, isPodReady, type Pod, type StatefulSet } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import type { Change } from './objects.ts';

/** A StatefulSet that makes its pods in order makes each when those before it are ready. */
export class InOrder implements Checker {
  readonly name = 'pods in order';
  readonly #sets = new Map<string, StatefulSet>();
  /** By the pod's key: when it was last ready; Infinity: it is. */
  readonly #readyUntil = new Map<string, number>();
  readonly #patienceMs: number;

  /** What was that long ago is known to all who work. */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  changed({ resource, key, atMs, revision, before, after }: Change): void {
    const uid = after?.metadata?.uid;
    if (resource === 'apps/statefulsets' && uid && after) this.#sets.set(uid, after);
    if (resource !== 'pods') return;
    const ready = after !== undefined && isPodReady(after);
    if (ready) this.#readyUntil.set(key, Infinity);
    else if (this.#readyUntil.get(key) === Infinity) this.#readyUntil.set(key, atMs);
    if (!before && after) this.#created(after, key, atMs, revision);
  }

  #created(pod: Pod, key: string, atMs: number, revision: number): void {
    const set = this.#sets.get(getControllerOf(pod)?.uid ?? '');
    if (!set || set.spec?.podManagementPolicy === 'Parallel') return;
    const dash = key.lastIndexOf('-');
    for (let ordinal = 0; ordinal < Number(key.slice(dash + 1)); ordinal++) {
      const earlier = `${key.slice(0, dash)}-${ordinal}`;
      if ((this.#readyUntil.get(earlier) ?? -Infinity) >= atMs - this.#patienceMs) continue;
      throw new BrokenPromise(
        `${key} is made at revision ${revision}, and ${earlier} is not ready`,
      );
    }
  }
}
