import type { KubeObject, Resource } from '#shared/api';

/**
 * A value the server picks for an object that came without one. The pick is only a guess: the
 * object's claim makes it unique, in the transaction that writes the object, and a lost race picks
 * again.
 */
export interface Allocator {
  /** The object with a value picked, or undefined where it needs none; `old` is there on an update. */
  allocate(object: KubeObject, attempt: number, old?: KubeObject): Promise<KubeObject | undefined>;
}

/** The claim keys that are held now, of the same family as a sample's first claim. */
export type Held = (resource: Resource, sample: KubeObject) => Promise<ReadonlySet<string>>;

/** So often a value is guessed before the free ones are looked for. */
export const randomTries = 8;

/** Each picks its own of the object. */
export const inOrder = (...allocators: readonly Allocator[]): Allocator => ({
  async allocate(object, attempt, old) {
    let next: KubeObject | undefined;
    for (const allocator of allocators) {
      next = (await allocator.allocate(next ?? object, attempt, old)) ?? next;
    }
    return next;
  },
});
