import { getControllerOf, isPodActive, type Job, type Pod, type ReplicaSet } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import type { Change } from './objects.ts';

/**
 * A controller creates no more pods than its object ever asked for at once, however old what it knows
 * is; but for creates whose outcome it was never told.
 */
export class OverCreation implements Checker {
  readonly name = 'pods beyond what was asked';
  /** By uid of the controller. */
  readonly #most = new Map<string, number>();
  /** Of ReplicaSets: what is labelled otherwise by now is to be let go. */
  readonly #labels = new Map<string, Readonly<Record<string, string>>>();
  readonly #pods = new Map<string, Pod>();
  #uncertain = 0;

  /** A create of a pod was not answered for sure. */
  uncertain(): void {
    this.#uncertain++;
  }

  changed({ resource, key, revision, before, after }: Change): void {
    const uid = after?.metadata?.uid ?? '';
    if (resource === 'apps/replicasets') {
      this.#asked(uid, replicas(after));
      const set: ReplicaSet | undefined = after;
      this.#labels.set(uid, set?.spec?.selector?.matchLabels ?? {});
    }
    if (resource === 'batch/jobs') this.#asked(uid, parallelism(after));
    if (resource !== 'pods') return;
    if (after) this.#pods.set(key, after);
    else this.#pods.delete(key);
    if (before || !after) return;
    const owner = getControllerOf(after);
    const most = this.#most.get(owner?.uid ?? '');
    if (!owner || most === undefined) return;
    const labels = Object.entries(this.#labels.get(owner.uid) ?? {});
    const active = [...this.#pods.values()].filter(
      (pod) =>
        isPodActive(pod) &&
        getControllerOf(pod)?.uid === owner.uid &&
        labels.every(([name, value]) => pod.metadata?.labels?.[name] === value),
    );
    if (active.length > most + this.#uncertain) {
      throw new BrokenPromise(
        `${key} is pod ${active.length} of ${owner.kind} ${owner.name} at revision ${revision}, which never asked for more than ${most}`,
      );
    }
  }

  #asked(uid: string, count: number): void {
    this.#most.set(uid, Math.max(this.#most.get(uid) ?? 0, count));
  }
}

const replicas = (set: ReplicaSet | undefined): number => set?.spec?.replicas ?? 1;
const parallelism = (job: Job | undefined): number => job?.spec?.parallelism ?? 1;
