import type { KubeObject, ReplicaSet } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { isGoing, nameOf, uidOf } from './metadata.ts';
import type { Change } from './objects.ts';

/** Kinds whose dependents only the garbage collector deletes, and the namespace controller. */
const collected: readonly string[] = ['configmaps', 'secrets'];
/** Deployments clean up theirs, but only those without pods. */
const replicaSets = 'apps/replicasets';

/** An object that somebody asks to delete. */
interface Named {
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
}

interface Ask {
  readonly atMs: number;
  readonly propagation: string;
}

/** No request is under way for longer, tried again included. */
const underwayMs = 20_000;

interface Known {
  object: KubeObject;
  readonly createdMs: number;
}

/**
 * No dependent goes while an owner stays, or where its owner was to leave it behind; no owner goes
 * before the dependents that it is to take with it.
 */
export class Garbage implements Checker {
  readonly name = 'garbage collection';
  readonly #known = new Map<string, Known>();
  /** Dependents that lost their only owner so that they stay, and who it was. */
  readonly #orphans = new Map<string, string>();
  readonly #goingNamespaces = new Set<string>();
  /** In which ways objects were to be deleted: the last word counts. */
  readonly #asks = new Map<string, Ask[]>();
  readonly #patienceMs: number;

  /** What was made that long ago is known to all who work. */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** A user asks for a deletion in this way. */
  asked(named: Named, propagation: string, atMs: number): void {
    const place = placeOf(named);
    this.#asks.set(place, [...(this.#asks.get(place) ?? []), { atMs, propagation }]);
  }

  #isContradicted({ resource, atMs, before }: Change): boolean {
    const { namespace = '', name = '' } = before?.metadata ?? {};
    const asks = this.#asks.get(placeOf({ resource, namespace, name })) ?? [];
    const recent = asks.filter((ask) => ask.atMs > atMs - underwayMs);
    return new Set(recent.map(({ propagation }) => propagation)).size > 1;
  }

  changed(change: Change): void {
    const { resource, before, after } = change;
    // Gone, or told to leave nobody behind after all.
    const leavesNone = before && (!after || (isOrphaning(before) && !isOrphaning(after)));
    if (leavesNone && this.#isContradicted(change)) this.#letGo(before);
    if (resource === 'namespaces') this.#namespace(before, after);
    if (resource === 'apps/deployments' && after && !isGoing(before ?? {}) && isGoing(after)) {
      this.#begins(after);
    }
    if (!collected.includes(resource) && resource !== replicaSets) return;
    const uid = uidOf(after ?? before ?? {});
    const createdMs = this.#known.get(uid)?.createdMs ?? change.atMs;
    if (after) this.#known.set(uid, { object: after, createdMs });
    else this.#known.delete(uid);
    if (before && !isGoing(before) && after && isGoing(after)) this.#begins(after);
    if (resource === replicaSets) {
      if (before && !after) this.#leavesPods(before, change);
      return;
    }
    if (before && !isGoing(before) && (!after || isGoing(after))) this.#goes(before, change);
    if (before && !after) this.#gone(before, change);
  }

  #namespace(before: KubeObject | undefined, after: KubeObject | undefined): void {
    const name = nameOf(after ?? before ?? {});
    if (after && isGoing(after)) this.#goingNamespaces.add(name);
    else this.#goingNamespaces.delete(name);
  }

  #begins(owner: KubeObject): void {
    if (!isOrphaning(owner)) return;
    for (const [uid, { object }] of this.#known) {
      const [only, ...others] = object.metadata?.ownerReferences ?? [];
      if (!only || only.uid !== uidOf(owner) || others.length > 0) continue;
      this.#orphans.set(uid, only.uid);
    }
  }

  /** Whoever was to be left behind by this owner need not be. */
  #letGo({ metadata }: KubeObject): void {
    for (const [uid, owner] of this.#orphans) {
      if (owner === metadata?.uid) this.#orphans.delete(uid);
    }
  }

  #goes({ metadata = {} }: KubeObject, { key, revision }: Change): void {
    if (this.#goingNamespaces.has(metadata.namespace ?? '')) return;
    const { uid = '', ownerReferences = [] } = metadata;
    const living = ownerReferences.find((each) => {
      const owner = this.#known.get(each.uid);
      return owner && !isGoing(owner.object);
    });
    if (living) {
      throw new BrokenPromise(
        `${key} is deleted at revision ${revision}, its owner ${living.name} (${living.uid}) lives`,
      );
    }
    if (this.#orphans.has(uid)) {
      throw new BrokenPromise(
        `${key} is deleted at revision ${revision}, and was to be left behind by its owner`,
      );
    }
  }

  /** A ReplicaSet that was left behind, and that nobody has made small: users here delete none. */
  #leavesPods({ metadata = {}, spec }: ReplicaSet, { key, revision }: Change): void {
    if (this.#goingNamespaces.has(metadata.namespace ?? '')) return;
    const { uid = '', ownerReferences = [] } = metadata;
    const former = this.#orphans.get(uid);
    const adopted = ownerReferences.some((owner) => owner.uid !== former);
    if (former === undefined || adopted || spec?.replicas === 0) return;
    throw new BrokenPromise(
      `${key} is gone at revision ${revision}, and was to be left behind by its Deployment`,
    );
  }

  #gone({ metadata = {} }: KubeObject, change: Change): void {
    const { key, atMs, revision } = change;
    if (!metadata.finalizers?.includes('foregroundDeletion') || this.#isContradicted(change))
      return;
    if (this.#goingNamespaces.has(metadata.namespace ?? '')) return;
    for (const { object, createdMs } of this.#known.values()) {
      const reference = object.metadata?.ownerReferences?.find(({ uid }) => uid === metadata.uid);
      if (!reference?.blockOwnerDeletion || atMs - createdMs < this.#patienceMs) continue;
      throw new BrokenPromise(
        `${key} is gone at revision ${revision} before its dependent ${object.metadata?.name}`,
      );
    }
  }
}

const placeOf = ({ resource, namespace, name }: Named): string =>
  `${resource} ${namespace}/${name}`;

const isOrphaning = ({ metadata }: KubeObject): boolean =>
  metadata?.finalizers?.includes('orphan') === true;
