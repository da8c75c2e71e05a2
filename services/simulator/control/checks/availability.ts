import {
  type DaemonSet,
  getControllerOf,
  isPodReady,
  type KubeObject,
  type ReplicaSet,
} from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { uidOf } from './metadata.ts';
import type { Change } from './objects.ts';

/** A pod that is ready, and whose it is meanwhile. */
interface Ready {
  readonly pod: string;
  readonly owner: string;
  readonly sinceMs: number;
  /** Infinity: it is. */
  untilMs: number;
}

/** Clocks say seconds, and a pod is ready before that is written. */
const roundedMs = 2_000;

/** Where nothing breaks, a pod counts as available when it has been ready for as long as it has to. */
export class Availability implements Checker {
  readonly name = 'availability';
  readonly #ready: Ready[] = [];
  /** By uid of a pod: the last of them. */
  readonly #now = new Map<string, Ready>();
  readonly #patienceMs: number;

  /** What was that long ago is known to all who work; Infinity: nobody knows. */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  changed(change: Change): void {
    if (this.#patienceMs === Infinity) return;
    const { resource, after } = change;
    if (resource === 'pods') this.#pod(change);
    else if (workloads.includes(resource)) this.#counted(change, availableOf(after));
  }

  #pod({ atMs, before, after }: Change): void {
    const pod = after ?? before ?? {};
    const uid = uidOf(pod);
    const known = this.#now.get(uid);
    const isReady = after !== undefined && isPodReady(after);
    const owner = getControllerOf(pod)?.uid ?? '';
    if (isReady && known?.owner === owner) return;
    if (known) known.untilMs = atMs;
    this.#now.delete(uid);
    if (!isReady) return;
    // Who adopts it need not wait anew.
    const ready = { pod: uid, owner, sinceMs: known?.sinceMs ?? atMs, untilMs: Infinity };
    this.#ready.push(ready);
    this.#now.set(uid, ready);
  }

  #counted({ key, atMs, revision, before, after }: Change, counted: number): void {
    // What was counted for an earlier wish stays until it is counted again.
    if (counted <= availableOf(before)) return;
    const { metadata, spec } = (after ?? {}) as ReplicaSet;
    const neededMs = (spec?.minReadySeconds ?? 0) * 1000;
    if (neededMs === 0) return;
    const possible = this.#ready.filter(
      ({ owner, sinceMs, untilMs }) =>
        owner === metadata?.uid &&
        untilMs >= atMs - this.#patienceMs &&
        Math.min(atMs, untilMs) - sinceMs >= neededMs - roundedMs,
    );
    const pods = new Set(possible.map(({ pod }) => pod));
    if (counted <= pods.size) return;
    throw new BrokenPromise(
      `${key} counts ${counted} available at revision ${revision}, and ${pods.size} were ready for ${neededMs} ms`,
    );
  }
}

const workloads: readonly string[] = ['apps/replicasets', 'apps/statefulsets', 'apps/daemonsets'];

function availableOf(object: KubeObject | undefined): number {
  const set: ReplicaSet | undefined = object;
  const daemons: DaemonSet | undefined = object;
  return set?.status?.availableReplicas ?? daemons?.status?.numberAvailable ?? 0;
}
