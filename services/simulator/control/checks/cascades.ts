import { getControllerOf, type KubeObject, type Pod, type ReplicaSet } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { isGoing, nameOf, uidOf } from './metadata.ts';
import type { Change } from './objects.ts';

/** No request is under way for longer, tried again included. */
const underwayMs = 20_000;

interface Named {
  readonly namespace: string;
  readonly name: string;
}

interface Known {
  readonly pod: Pod;
  readonly bornMs: number;
}

/** A Deployment that waits for its dependents waits for theirs: it goes after the last pod of its ReplicaSets. */
export class Cascades implements Checker {
  readonly name = 'garbage collection';
  /** By uid, those that are there and stay. */
  readonly #sets = new Map<string, ReplicaSet>();
  /** Of a Deployment that waits, by uid: its ReplicaSets that had pods when it began to. */
  readonly #awaited = new Map<string, readonly string[]>();
  /** By uid. */
  readonly #pods = new Map<string, Known>();
  readonly #goingNamespaces = new Set<string>();
  /** When somebody last wanted a Deployment to go otherwise, by namespace and name: the last word counts. */
  readonly #contradicted = new Map<string, number>();
  readonly #patienceMs: number;

  /** What was made that long ago is known to all who work. */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** A user asks for the deletion of a Deployment in this way. */
  asked({ namespace, name }: Named, propagation: string, atMs: number): void {
    if (propagation !== 'foreground') this.#contradicted.set(`${namespace}/${name}`, atMs);
  }

  changed({ resource, key, atMs, revision, before, after }: Change): void {
    const object = after ?? before ?? {};
    const uid = uidOf(object);
    if (resource === 'namespaces' && after && isGoing(after))
      this.#goingNamespaces.add(nameOf(after));
    else if (resource === 'namespaces') this.#goingNamespaces.delete(nameOf(object));
    if (resource === 'apps/replicasets' && after && !isGoing(after)) this.#sets.set(uid, after);
    else if (resource === 'apps/replicasets') this.#sets.delete(uid);
    if (resource === 'pods' && after)
      this.#pods.set(uid, { pod: after, bornMs: this.#pods.get(uid)?.bornMs ?? atMs });
    else if (resource === 'pods') this.#pods.delete(uid);
    if (resource !== 'apps/deployments') return;
    if (after && isGoing(after) && !isGoing(before ?? {})) this.#begins(uid);
    if (before && !after) this.#gone(before, { key, atMs, revision });
  }

  #begins(uid: string): void {
    const own = [...this.#sets.values()].filter(
      // What of one without any still ends, it need not wait for: it may be cleaned up at any time.
      (set) => getControllerOf(set)?.uid === uid && (set.spec?.replicas ?? 1) > 0,
    );
    this.#awaited.set(uid, own.map(uidOf));
  }

  #gone({ metadata = {} }: KubeObject, at: Pick<Change, 'key' | 'atMs' | 'revision'>): void {
    const { uid = '', namespace = '', name = '', finalizers = [] } = metadata;
    const waits = finalizers.includes('foregroundDeletion');
    if (!waits || this.#goingNamespaces.has(namespace)) return;
    const otherwiseMs = this.#contradicted.get(`${namespace}/${name}`) ?? -Infinity;
    if (otherwiseMs > at.atMs - underwayMs) return;
    for (const { pod, bornMs } of this.#pods.values()) {
      if (bornMs > at.atMs - this.#patienceMs) continue;
      if (!this.#awaited.get(uid)?.includes(getControllerOf(pod)?.uid ?? '')) continue;
      throw new BrokenPromise(
        `${at.key} is gone at revision ${at.revision} before pod ${nameOf(pod)}`,
      );
    }
  }
}
