import { QuorateError } from '#shared/base';
import type { KubeObject, ResourceRef } from '#shared/api';
import type { KindTable } from './kinds.ts';
import type { Registry } from './registry.ts';

/** Creates each cluster-scoped object that is not there; `mend` says what one that is there lacks, if anything. */
export async function ensureAll<T extends KubeObject>(
  registry: Registry,
  kinds: KindTable,
  ref: ResourceRef,
  wanted: readonly T[],
  mend?: (there: T, wanted: T) => T | undefined,
): Promise<void> {
  const resource = kinds.builtin(ref);
  const { items } = await registry.list(resource, {});
  const present = new Map(items.map((item) => [item.metadata?.name, item as T]));
  const ensure = async (object: T): Promise<void> => {
    const name = object.metadata?.name ?? '';
    const there = present.get(name);
    if (!there) {
      await registry.create(resource, object, {}).catch(ignoreOthers);
      return;
    }
    if (!mend?.(there, object)) return;
    const change = (current: KubeObject): KubeObject => mend(current as T, object) ?? current;
    await registry.change(resource, '', name, change).catch(ignoreOthers);
  };
  await Promise.all(wanted.map(ensure));
}

/** Every master does this when it starts: another one may have been faster. */
function ignoreOthers(thrown: unknown): void {
  if (!QuorateError.is(thrown, 'already-exists', 'not-found', 'conflict')) throw thrown;
}
