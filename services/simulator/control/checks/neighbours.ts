import { isDeepStrictEqual } from 'node:util';
import { isPodTerminal, type KubeObject, type Node, type Pod } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { apartTerms, labelAt, wants } from './company.ts';
import type { Change } from './objects.ts';

interface Known<T> {
  readonly object: T;
  /** Since when it has its labels; minus infinity: always. */
  readonly sinceMs: number;
}

/** No pod is bound beside one that it avoids, or that avoids it. */
export class Neighbours implements Checker {
  readonly name = 'neighbours';
  readonly #nodes = new Map<string, Known<Node>>();
  readonly #pods = new Map<string, Known<Pod>>();
  /** Nodes that were deleted: under their names, others may come. */
  readonly #left = new Set<string>();
  readonly #patienceMs: number;

  /** Labels that are that old are known to all who work. */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  changed(change: Change): void {
    const { resource, key, atMs, before, after } = change;
    if (resource === 'nodes') this.#node(change);
    if (resource !== 'pods') return;
    if (!after || isPodTerminal(after)) {
      this.#pods.delete(key);
      return;
    }
    this.#pods.set(key, next(this.#pods.get(key), after, atMs));
    const [is, was]: [Pod, Pod | undefined] = [after, before];
    if (is.spec?.nodeName !== undefined && was?.spec?.nodeName === undefined) {
      this.#bound(key, is, change);
    }
  }

  #node({ atMs, before, after }: Change): void {
    const name = (after ?? before)?.metadata?.name ?? '';
    if (!after) {
      this.#nodes.delete(name);
      this.#left.add(name);
      return;
    }
    const known = this.#nodes.get(name);
    // What was on a node that comes again was not looked at while it was away.
    const isAgain = !known && this.#left.has(name);
    this.#nodes.set(name, isAgain ? { object: after, sinceMs: atMs } : next(known, after, atMs));
  }

  #bound(key: string, pod: Pod, { atMs, revision }: Change): void {
    const isSettled = (known: Known<KubeObject> | undefined): boolean =>
      known !== undefined && known.sinceMs <= atMs - this.#patienceMs;
    const place = this.#nodes.get(pod.spec?.nodeName ?? '');
    if (!place || !isSettled(place) || !isSettled(this.#pods.get(key))) return;
    for (const [otherKey, other] of this.#pods) {
      const there = this.#nodes.get(other.object.spec?.nodeName ?? '');
      if (otherKey === key || !there || !isSettled(there) || !isSettled(other)) continue;
      const avoids = (one: Pod, another: Pod): boolean =>
        apartTerms(one).some((term) => {
          const label = labelAt(place.object, term);
          return (
            label !== undefined &&
            label === labelAt(there.object, term) &&
            wants(term, one, another)
          );
        });
      if (!avoids(pod, other.object) && !avoids(other.object, pod)) continue;
      throw new BrokenPromise(
        `${key} is bound to ${pod.spec?.nodeName} at revision ${revision}, beside ${otherKey} on ${other.object.spec?.nodeName}, and one avoids the other`,
      );
    }
  }
}

function next<T extends KubeObject>(
  known: Known<KubeObject> | undefined,
  object: T,
  atMs: number,
): Known<T> {
  if (known?.object.metadata?.uid !== object.metadata?.uid) return { object, sinceMs: -Infinity };
  const same = isDeepStrictEqual(known?.object.metadata?.labels, object.metadata?.labels);
  return { object, sinceMs: known && same ? known.sinceMs : atMs };
}
