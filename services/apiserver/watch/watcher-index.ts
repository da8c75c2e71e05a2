import type { KubeObject, Resource } from '#shared/api';
import type { Change, Watcher } from './watcher.ts';

/** A field that a watcher compares with one value, such as spec.nodeName of an agent's watch. */
export interface Trigger {
  readonly field: string;
  readonly value: string;
}

/**
 * The watchers of a collection, found by what a change concerns. Each of thousands of agents
 * watches the pods of its own node: without this every pod's change would ask all of them.
 */
export class WatcherIndex {
  readonly #resource: Resource;
  readonly #everything = new Set<Watcher>();
  readonly #byField = new Map<string, Map<string, Set<Watcher>>>();
  readonly #triggers = new Map<Watcher, Trigger | undefined>();

  constructor(resource: Resource) {
    this.#resource = resource;
  }

  get size(): number {
    return this.#triggers.size;
  }

  add(watcher: Watcher, trigger: Trigger | undefined): void {
    this.#triggers.set(watcher, trigger);
    if (!trigger) {
      this.#everything.add(watcher);
      return;
    }
    const byValue = getOrAdd(this.#byField, trigger.field, () => new Map<string, Set<Watcher>>());
    getOrAdd(byValue, trigger.value, () => new Set<Watcher>()).add(watcher);
  }

  remove(watcher: Watcher): void {
    const trigger = this.#triggers.get(watcher);
    this.#triggers.delete(watcher);
    this.#everything.delete(watcher);
    if (!trigger) return;
    const byValue = this.#byField.get(trigger.field);
    const watchers = byValue?.get(trigger.value);
    watchers?.delete(watcher);
    if (watchers?.size === 0) byValue?.delete(trigger.value);
  }

  all(): Watcher[] {
    return [...this.#triggers.keys()];
  }

  /** Every watcher the change may concern, each once. */
  concernedBy({ before, after }: Change): Iterable<Watcher> {
    if (this.#byField.size === 0) return this.#everything;
    const found = new Set(this.#everything);
    for (const [field, byValue] of this.#byField) {
      for (const object of [before, after]) {
        if (!object) continue;
        for (const watcher of byValue.get(this.#read(field, object)) ?? []) found.add(watcher);
      }
    }
    return found;
  }

  #read(field: string, object: KubeObject): string {
    return this.#resource.selectableFields[field]?.(object) ?? '';
  }
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
