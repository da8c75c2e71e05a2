import { getControllerOf, isPodReady, type Pod, type StatefulSet } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { uidOf } from './metadata.ts';
import type { Change } from './objects.ts';

/** A time in which a pod is ready. */
interface Spell {
  readonly sinceMs: number;
  /** Infinity: it is. */
  readonly untilMs: number;
}

interface Known {
  readonly set: StatefulSet;
  /** Since when it is what it is. */
  readonly sinceMs: number;
}

/** Clocks say seconds, and a pod is ready before that is written. */
const roundedMs = 2_000;

/** A StatefulSet that makes its pods in order makes each when those before it are ready, where nothing fails for long enough. */
export class InOrder implements Checker {
  readonly name = 'pods in order';
  readonly #sets = new Map<string, Known>();
  /** By the pod's key. */
  readonly #spells = new Map<string, readonly Spell[]>();
  readonly #patienceMs: number;
  readonly #isCalm: boolean;

  /** What was that long ago is known to all who work. `isCalm`: for how long a pod is ready is known as well. */
  constructor(patienceMs: number, isCalm: boolean) {
    this.#patienceMs = patienceMs;
    this.#isCalm = isCalm;
  }

  changed({ resource, key, atMs, revision, before, after }: Change): void {
    if (resource === 'apps/statefulsets' && after) this.#wished(after, atMs);
    if (resource !== 'pods') return;
    this.#looks(key, after !== undefined && isPodReady(after), atMs);
    if (!before && after) this.#created(after, key, atMs, revision);
  }

  #wished(set: StatefulSet, atMs: number): void {
    const known = this.#sets.get(uidOf(set));
    const same = known?.set.metadata?.generation === set.metadata?.generation;
    this.#sets.set(uidOf(set), { set, sinceMs: known && same ? known.sinceMs : atMs });
  }

  #looks(key: string, ready: boolean, atMs: number): void {
    const spells = this.#spells.get(key) ?? [];
    const last = spells.at(-1);
    const is = last?.untilMs === Infinity;
    if (ready && !is) this.#spells.set(key, [...spells, { sinceMs: atMs, untilMs: Infinity }]);
    if (!ready && last && is)
      this.#spells.set(key, [...spells.slice(0, -1), { ...last, untilMs: atMs }]);
  }

  #created(pod: Pod, key: string, atMs: number, revision: number): void {
    const { set, sinceMs = 0 } = this.#sets.get(getControllerOf(pod)?.uid ?? '') ?? {};
    if (!set || set.spec?.podManagementPolicy === 'Parallel') return;
    const isKnown = this.#isCalm && sinceMs <= atMs - this.#patienceMs;
    const neededMs = isKnown ? (set.spec?.minReadySeconds ?? 0) * 1000 - roundedMs : 0;
    const dash = key.lastIndexOf('-');
    for (let ordinal = 0; ordinal < Number(key.slice(dash + 1)); ordinal++) {
      const earlier = `${key.slice(0, dash)}-${ordinal}`;
      const recent = (this.#spells.get(earlier) ?? []).filter(
        ({ untilMs }) => untilMs >= atMs - this.#patienceMs,
      );
      if (recent.some((each) => Math.min(atMs, each.untilMs) - each.sinceMs >= neededMs)) continue;
      const how = recent.length > 0 ? ` for ${neededMs + roundedMs} ms` : '';
      throw new BrokenPromise(
        `${key} is made at revision ${revision}, and ${earlier} is not ready${how}`,
      );
    }
  }
}
