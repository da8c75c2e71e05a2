import { getControllerOf, type Pod, type StatefulSet } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { ordinalOf, uidOf } from './metadata.ts';
import type { Change } from './objects.ts';

/** What a StatefulSet asks for, from some moment on. */
interface Wish {
  readonly atMs: number;
  readonly generation: number;
  readonly partition: number;
  readonly replicas: number;
}

/** A pod of some ordinal. */
interface Made {
  readonly atMs: number;
  readonly revision: string | undefined;
}

/** A StatefulSet's pod whose ordinal is below the partition is of the template of its predecessor. */
export class PartialUpdates implements Checker {
  readonly name = 'partial updates';
  /** By uid of a set. */
  readonly #wishes = new Map<string, Wish[]>();
  /** By uid of a set, and ordinal: the last one. */
  readonly #made = new Map<string, Made>();
  readonly #patienceMs: number;

  /** What was that long ago is known to all who work. */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  changed(change: Change): void {
    if (change.resource === 'apps/statefulsets') this.#set(change);
    if (change.resource === 'pods' && !change.before) this.#pod(change);
  }

  #set({ atMs, after }: Change): void {
    if (!after) return;
    const { spec }: StatefulSet = after;
    const wishes = this.#wishes.get(uidOf(after)) ?? [];
    const generation = after.metadata?.generation ?? 0;
    if (wishes.at(-1)?.generation === generation) return;
    const { partition = 0 } = spec?.updateStrategy?.rollingUpdate ?? {};
    const wish = { atMs, generation, partition, replicas: spec?.replicas ?? 1 };
    this.#wishes.set(uidOf(after), [...wishes, wish]);
  }

  #pod({ key, atMs, revision, after }: Change): void {
    const pod: Pod = after ?? {};
    const owner = getControllerOf(pod);
    if (owner?.kind !== 'StatefulSet') return;
    const place = `${owner.uid} ${ordinalOf(pod)}`;
    const before = this.#made.get(place);
    const made = { atMs, revision: pod.metadata?.labels?.['controller-revision-hash'] };
    this.#made.set(place, made);
    if (!before || before.revision === made.revision) return;
    if (!this.#isKept(owner.uid, ordinalOf(pod), before.atMs - this.#patienceMs)) return;
    throw new BrokenPromise(
      `${key} is made of ${made.revision} at revision ${revision}, below the partition of ${owner.name}: it was of ${before.revision}`,
    );
  }

  /** This ordinal has been below the partition since then, and the set was never empty. */
  #isKept(uid: string, ordinal: number, sinceMs: number): boolean {
    const wishes = this.#wishes.get(uid) ?? [];
    const [first, second] = wishes;
    // Its first revision may not be known yet when the second comes.
    if (!first || !second || second.atMs - first.atMs <= this.#patienceMs) return false;
    const last = wishes.findLastIndex(({ atMs }) => atMs <= sinceMs);
    const inForce = wishes.slice(Math.max(last, 0));
    return inForce.every(({ partition, replicas }) => ordinal < partition && replicas > 0);
  }
}
