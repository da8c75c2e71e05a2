import { QuorateError } from '#shared/base';
import { refs, type ResourceRef } from '#shared/api';
import type { Clock } from '#shared/clock';
import type { KindTable } from '../../registry/kinds.ts';
import type { ResourceCache } from '../../watch/resource-cache.ts';
import type { WatchCache } from '../../watch/watch-cache.ts';
import type { BindingObject, RoleObject } from './objects.ts';
import { Policy } from './policy.ts';

/** How long a request waits for a server that has just started to know its roles. */
const patienceMs = 5_000;

/** The policy that the watch caches show: made anew with the first question after a change. */
export class LivePolicy {
  readonly #caches: readonly ResourceCache[];
  readonly #clock: Clock;
  readonly #known = Promise.withResolvers<void>();
  #isKnown = false;
  #policy: Policy | undefined;
  #version = -1;

  constructor(watches: WatchCache, kinds: KindTable, clock: Clock) {
    const cache = (ref: ResourceRef): ResourceCache => watches.of(kinds.builtin(ref));
    this.#caches = [
      cache(refs.roles),
      cache(refs.clusterRoles),
      cache(refs.roleBindings),
      cache(refs.clusterRoleBindings),
    ];
    this.#clock = clock;
  }

  /** To be called once the default roles are there: until then nobody is refused for want of them. */
  async begin(): Promise<void> {
    await Promise.all(this.#caches.map((cache) => cache.current()));
    this.#isKnown = true;
    this.#known.resolve();
  }

  /** Throws `unavailable` where a server that starts does not get to know its roles. */
  readonly current = async (): Promise<Policy> => {
    if (!this.#isKnown) await this.#wait();
    const version = this.#caches.reduce((sum, cache) => sum + cache.version, 0);
    if (this.#policy && version === this.#version) return this.#policy;
    const [roles, clusterRoles, roleBindings, clusterRoleBindings] = this.#caches.map((cache) =>
      cache.values(),
    );
    this.#version = version;
    this.#policy = new Policy({
      roles: roles as Iterable<RoleObject>,
      clusterRoles: clusterRoles as Iterable<RoleObject>,
      roleBindings: roleBindings as Iterable<BindingObject>,
      clusterRoleBindings: clusterRoleBindings as Iterable<BindingObject>,
    });
    return this.#policy;
  };

  async #wait(): Promise<void> {
    const stop = new AbortController();
    const late = this.#clock.sleep(patienceMs, stop.signal).then(() => {
      throw new QuorateError('unavailable', 'the API server has not read its roles yet');
    });
    late.catch(() => undefined);
    await Promise.race([this.#known.promise, late]);
    stop.abort();
  }
}
