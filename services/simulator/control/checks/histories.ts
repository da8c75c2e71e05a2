import { type Deployment, getControllerOf, type ReplicaSet } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { isGoing, nameOf, uidOf } from './metadata.ts';
import type { Change } from './objects.ts';

/** An old template. */
interface Kept {
  readonly set: ReplicaSet;
  readonly revision: number;
  /** Since when it has no pods, and its controller has said so; Infinity: it has some. */
  readonly idleMs: number;
}

/** What a Deployment forgets of its history is the oldest: who undoes a rollout finds the last ones. */
export class Histories implements Checker {
  readonly name = 'histories';
  /** By uid. */
  readonly #sets = new Map<string, Kept>();
  readonly #deployments = new Map<string, Deployment>();
  readonly #goingNamespaces = new Set<string>();
  readonly #patienceMs: number;

  /** What was that long ago is known to all who work. */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  changed({ resource, atMs, revision, before, after }: Change): void {
    const object = after ?? before ?? {};
    const uid = uidOf(object);
    if (resource === 'namespaces' && after && isGoing(after))
      this.#goingNamespaces.add(nameOf(after));
    else if (resource === 'namespaces') this.#goingNamespaces.delete(nameOf(object));
    if (resource === 'apps/deployments' && after) this.#deployments.set(uid, after);
    else if (resource === 'apps/deployments') this.#deployments.delete(uid);
    if (resource !== 'apps/replicasets') return;
    const known = this.#sets.get(uid);
    if (after && !isGoing(after)) {
      const kept = { set: after, revision: revisionOf(after) };
      const same = known !== undefined && known.revision === kept.revision;
      const idleMs = isIdle(after) ? (same ? Math.min(known.idleMs, atMs) : atMs) : Infinity;
      this.#sets.set(uid, { ...kept, idleMs });
      return;
    }
    this.#sets.delete(uid);
    if (known) this.#goes(known, atMs, revision);
  }

  /** Users here delete none, and the garbage collector those of Deployments that are gone. */
  #goes({ set, revision }: Kept, atMs: number, at: number): void {
    const owner = getControllerOf(set)?.uid ?? '';
    const deployment = this.#deployments.get(owner);
    if (!deployment || isGoing(deployment)) return;
    if (this.#goingNamespaces.has(set.metadata?.namespace ?? '')) return;
    for (const other of this.#sets.values()) {
      if (getControllerOf(other.set)?.uid !== owner || other.revision >= revision) continue;
      if (other.idleMs > atMs - this.#patienceMs) continue;
      throw new BrokenPromise(
        `${nameOf(deployment)} forgets revision ${revision} (${nameOf(set)}) at revision ${at} of the store, and keeps ${other.revision}`,
      );
    }
  }
}

const revisionOf = ({ metadata }: ReplicaSet): number =>
  Number(metadata?.annotations?.['deployment.kubernetes.io/revision'] ?? 0);

const isIdle = ({ spec, status, metadata }: ReplicaSet): boolean =>
  (spec?.replicas ?? 1) === 0 &&
  (status?.replicas ?? 0) === 0 &&
  (status?.observedGeneration ?? 0) >= (metadata?.generation ?? 0);
