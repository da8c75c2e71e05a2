import { isPodTerminal, type KubeObject, type ResourceQuota } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { uidOf } from './metadata.ts';
import type { Change } from './objects.ts';

/** How many there were, from some moment on. */
interface Count {
  readonly atMs: number;
  readonly count: number;
}

/**
 * What a quota calls used is a count of what there was, or one more for each creation that somebody has asked
 * for: where nothing fails, each is charged once.
 */
export class Charges implements Checker {
  readonly name = 'charges';
  readonly #patienceMs: number;
  /** By resource and namespace. */
  readonly #counts = new Map<string, readonly Count[]>();
  /** By resource and namespace: creations that somebody has asked for. */
  readonly #asked = new Map<string, number>();
  /** Those of them that have been answered. */
  readonly #answered = new Map<string, number>();
  /** By quota and resource: the creations that it has been charged for, or that were before it. */
  readonly #charged = new Map<string, number>();

  /** What was that long ago is known to all who work; Infinity: nobody knows. */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** Somebody asks for an object to be created; the result is called with the answer. */
  creates(resource: string, namespace: string): () => void {
    const place = `${resource} ${namespace}`;
    const another = (counts: Map<string, number>): void =>
      void counts.set(place, (counts.get(place) ?? 0) + 1);
    another(this.#asked);
    return () => another(this.#answered);
  }

  changed(change: Change): void {
    if (this.#patienceMs === Infinity) return;
    const { resource, atMs, before, after } = change;
    if (resource === 'resourcequotas') this.#quota(change);
    const step = Number(uses(resource, after)) - Number(uses(resource, before));
    if (step === 0) return;
    const place = `${resource} ${(after ?? before)?.metadata?.namespace}`;
    const known = this.#known(place, atMs);
    this.#counts.set(place, [...known, { atMs, count: (known.at(-1)?.count ?? 0) + step }]);
  }

  #known(place: string, atMs: number): readonly Count[] {
    const all = this.#counts.get(place) ?? [{ atMs: 0, count: 0 }];
    const last = all.findLastIndex((each) => each.atMs <= atMs - this.#patienceMs);
    return all.slice(Math.max(last, 0));
  }

  #quota({ key, revision, atMs, before, after }: Change): void {
    const [was, is]: (ResourceQuota | undefined)[] = [before, after];
    for (const [name, used] of Object.entries(is?.status?.used ?? {})) {
      // Objects of other kinds are counted as these are.
      if (name.includes('/') || name.includes('.')) continue;
      const place = `${name} ${is?.metadata?.namespace}`;
      const bill = `${uidOf(is ?? {})} ${name}`;
      const asked = this.#asked.get(place) ?? 0;
      const last = was?.status?.used?.[name];
      // What is on its way by then may be charged for later.
      if (last === undefined) this.#charged.set(bill, this.#answered.get(place) ?? 0);
      if (last === undefined || Number(used) <= Number(last)) continue;
      const charged = (this.#charged.get(bill) ?? asked) + Number(used) - Number(last);
      const known = this.#known(place, atMs);
      if (known.some(({ count }) => count === Number(used))) continue;
      if (charged <= asked) {
        this.#charged.set(bill, charged);
        continue;
      }
      const counts = known.map(({ count }) => count).join(', ');
      throw new BrokenPromise(
        `${key} is charged for ${used} ${name} at revision ${revision} instead of ${last}; there were ${counts}, and nobody asks for another one`,
      );
    }
  }
}

const uses = (resource: string, object: KubeObject | undefined): boolean =>
  object !== undefined && !(resource === 'pods' && isPodTerminal(object));
