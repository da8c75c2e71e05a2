import { type Pod, refs } from '#shared/api';
import type { KindTable } from '../../registry/kinds.ts';
import type { CacheListener } from '../../watch/resource-cache.ts';
import type { WatchCache } from '../../watch/watch-cache.ts';

type Pods = Map<string, Pod>;

/** The pods of each node, as the watch cache shows them. */
export class PodsByNode implements CacheListener {
  readonly #nodes = new Map<string, Pods>();

  constructor(watches: WatchCache, kinds: KindTable) {
    watches.of(kinds.builtin(refs.pods)).listen(this);
  }

  of(node: string): Iterable<Pod> {
    return this.#nodes.get(node)?.values() ?? [];
  }

  reset(): void {
    this.#nodes.clear();
  }

  change(key: string, before: Pod | undefined, after: Pod | undefined): void {
    const from = before?.spec?.nodeName;
    const to = after?.spec?.nodeName;
    if (from && from !== to) {
      this.#nodes.get(from)?.delete(key);
      if (this.#nodes.get(from)?.size === 0) this.#nodes.delete(from);
    }
    if (!to || !after) return;
    const pods = this.#nodes.get(to) ?? new Map<string, Pod>();
    this.#nodes.set(to, pods.set(key, after));
  }
}
