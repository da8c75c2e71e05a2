import { objectKey, type ReplicaSet, refs } from '#shared/api';
import type { ControllerContext } from '../controller.ts';
import { unlessNotFound } from '../not-found.ts';
import { versionOf } from '../own-writes.ts';

/**
 * What was written for a Deployment and the cache does not show yet: while one ReplicaSet is larger than the cache
 * says, another template must not be full size beside it.
 */
export class UnseenReplicaSets {
  readonly #context: Pick<ControllerContext, 'api' | 'informers'>;
  /** By the Deployment's key, by uid. */
  readonly #written = new Map<string, Map<string, ReplicaSet>>();

  constructor(context: Pick<ControllerContext, 'api' | 'informers'>) {
    this.#context = context;
  }

  wrote(key: string, replicaSet: ReplicaSet): void {
    const written = this.#written.get(key) ?? new Map<string, ReplicaSet>();
    this.#written.set(key, written.set(replicaSet.metadata?.uid ?? '', replicaSet));
  }

  forget(key: string): void {
    this.#written.delete(key);
  }

  /** As they are now, where they are still there. */
  async lookUp(key: string): Promise<readonly ReplicaSet[]> {
    const found: ReplicaSet[] = [];
    const written = this.#written.get(key) ?? new Map<string, ReplicaSet>();
    for (const [uid, replicaSet] of written) {
      const now = await this.#newerThanTheCache(uid, replicaSet);
      if (now) found.push(now);
      else written.delete(uid);
    }
    if (written.size === 0) this.#written.delete(key);
    return found;
  }

  async #newerThanTheCache(uid: string, written: ReplicaSet): Promise<ReplicaSet | undefined> {
    const { api, informers } = this.#context;
    const isSame = (other: ReplicaSet): boolean => other.metadata?.uid === uid;
    const cached = informers.replicaSets.store.get(objectKey(written));
    if (cached && isSame(cached))
      return versionOf(cached) < versionOf(written) ? written : undefined;
    // It may be made and not shown yet, or gone again.
    const { name = '', namespace } = written.metadata ?? {};
    const there = await api
      .get<ReplicaSet>(refs.replicaSets, name, namespace)
      .catch(unlessNotFound);
    return there && isSame(there) ? there : undefined;
  }
}
