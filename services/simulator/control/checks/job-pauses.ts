import { getControllerOf, isPodActive, type Job, type Pod } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { isGoing, uidOf } from './metadata.ts';
import type { Change } from './objects.ts';

/** The controllers' own, after the first failure. */
const firstMs = 1_000;
/** Ends are told in whole seconds, and told later than they were. */
const roundedMs = 1_300;

/** A Job waits after each failure of its pods, twice as long each time. */
export class JobPauses implements Checker {
  readonly name = 'pauses of Jobs';
  readonly #parallelism = new Map<string, number>();
  /** By uid of a Job, by the pod's key: when it was said to have failed. */
  readonly #failed = new Map<string, Map<string, number>>();
  readonly #active = new Map<string, Set<string>>();
  readonly #isCalm: boolean;

  /** Elsewhere nobody knows by which clock a pod ended. */
  constructor(isCalm: boolean) {
    this.#isCalm = isCalm;
  }

  changed(change: Change): void {
    if (!this.#isCalm) return;
    const { resource, after } = change;
    if (resource === 'batch/jobs' && after) {
      const { spec }: Job = after;
      this.#parallelism.set(uidOf(after), spec?.parallelism ?? 1);
    }
    if (resource === 'pods') this.#pod(change);
  }

  #pod({ key, atMs, revision, before, after }: Change): void {
    const owner = getControllerOf(after ?? before ?? {});
    if (owner?.kind !== 'Job') return;
    const failed = this.#failed.get(owner.uid) ?? new Map<string, number>();
    const active = this.#active.get(owner.uid) ?? new Set<string>();
    this.#failed.set(owner.uid, failed);
    this.#active.set(owner.uid, active);
    if (after && isPodActive(after)) active.add(key);
    else active.delete(key);
    const pod: Pod | undefined = after;
    if (pod?.status?.phase !== 'Failed') failed.delete(key);
    // One on its way out is replaced whatever becomes of it.
    else if (!failed.has(key) && !isGoing(pod)) failed.set(key, atMs);
    if (before || !after) return;
    const parallelism = this.#parallelism.get(owner.uid) ?? 1;
    // Its controller takes those for active of whose failure it has not heard.
    const known = failed.size - Math.max(0, parallelism - active.size);
    const last = [...failed.values()].sort((a, b) => a - b)[known - 1];
    if (last === undefined) return;
    const pauseMs = firstMs * 2 ** (known - 1);
    if (atMs >= last + pauseMs - roundedMs) return;
    throw new BrokenPromise(
      `${key} is made at revision ${revision}, ${Math.round(atMs - last)} ms after failure ${known} of ${owner.name}, and not ${pauseMs} ms`,
    );
  }
}
