import { type KubeObject, objectKey, type ResourceRef } from '#shared/api';
import { QuorateError } from '#shared/base';
import { type ApiClient, createInformer, type Informer } from '#shared/client';
import type { Clock } from '#shared/clock';
import type { Logger } from '#shared/runtime';

export interface WatchedObjectsOptions {
  readonly api: Pick<ApiClient, 'list' | 'watch'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called for each pod that uses an object that has changed. */
  readonly changed: (podUid: string) => void;
}

interface Watched {
  readonly informer: Informer<KubeObject>;
  readonly users: Set<string>;
}

/**
 * The objects that this node's pods use, each watched by its name: a node may read no others. An
 * object is watched from the first pod that uses it to the last.
 */
export class WatchedObjects {
  readonly #options: WatchedObjectsOptions;
  readonly #watched = new Map<string, Watched>();

  constructor(options: WatchedObjectsOptions) {
    this.#options = options;
  }

  /**
   * Undefined where there is none of that name. The first look waits for an API server, up to
   * `patienceMs`, then throws `unavailable`.
   */
  async get<T extends KubeObject>(
    podUid: string,
    ref: ResourceRef,
    name: string,
    namespace: string,
    patienceMs: number,
  ): Promise<T | undefined> {
    const key = `${ref.resource}/${namespace}/${name}`;
    const watched = this.#watched.get(key) ?? this.#watch(key, ref, name, namespace);
    watched.users.add(podUid);
    const { informer } = watched;
    if (!(await this.#inTime(informer.synced, patienceMs))) {
      throw new QuorateError('unavailable', `no API server has answered for ${key}`);
    }
    const metadata = namespace === '' ? { name } : { name, namespace };
    return informer.store.get(objectKey({ metadata })) as T | undefined;
  }

  /** The pod is gone. */
  release(podUid: string): void {
    for (const [key, { users, informer }] of this.#watched) {
      if (!users.delete(podUid) || users.size > 0) continue;
      this.#watched.delete(key);
      void informer.stop();
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#watched.values()].map(({ informer }) => informer.stop()));
    this.#watched.clear();
  }

  #inTime(synced: Promise<void>, patienceMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(patienceMs, () => resolve(false));
      void synced.then(() => {
        timer.cancel();
        resolve(true);
      });
    });
  }

  #watch(key: string, ref: ResourceRef, name: string, namespace: string): Watched {
    const { api, clock, log, changed } = this.#options;
    const users = new Set<string>();
    const tell = (): void => {
      for (const uid of users) changed(uid);
    };
    const informer = createInformer<KubeObject>(api, ref, {
      ...(namespace !== '' && { namespace }),
      fieldSelector: `metadata.name=${name}`,
      clock,
      log,
      handlers: { added: tell, updated: tell, deleted: tell },
    });
    const watched = { informer, users };
    this.#watched.set(key, watched);
    informer.start();
    return watched;
  }
}
