import type { KubeObject } from '../object.ts';
import type { Resource } from '../resource.ts';
import { declare } from './declare.ts';

interface View<T extends KubeObject, S extends KubeObject>
  extends Pick<Resource, 'group' | 'version' | 'resource' | 'kind'> {
  readonly stored: Resource<S>;
  readonly from: (stored: S) => T;
  readonly to: (object: T) => S;
}

/**
 * A kind whose objects are kept as those of another one: an older version, or the same thing in a
 * second group. Rules and columns are those of the stored kind.
 */
export function servedAs<T extends KubeObject, S extends KubeObject>(
  view: View<T, S>,
): Resource<T> {
  const { group, version, resource, kind, stored, from, to } = view;
  const { shortNames, namespaced, categories, hasStatus, subresources, hasGeneration } = stored;
  type Hook = 'prepareForCreate' | 'prepareForUpdate' | 'defaults';
  const through = (hook: Hook, draft: T, old: T = draft): void => {
    const changed = to(draft);
    stored[hook]?.(changed, to(old));
    Object.assign(draft, from(changed));
  };
  return {
    ...declare<T>({
      group,
      version,
      resource,
      kind,
      shortNames,
      namespaced,
      categories,
      hasStatus,
      subresources,
      hasGeneration,
      storagePrefix: stored.storagePrefix,
      columns: stored.columns.map((column) => ({
        ...column,
        cell: (object: T, nowMs: number) => column.cell(to(object), nowMs),
      })),
      prepareForCreate: (draft) => through('prepareForCreate', draft),
      prepareForUpdate: (draft, old) => through('prepareForUpdate', draft, old),
      defaults: (draft) => through('defaults', draft),
      validate: (object, old) => stored.validate?.(to(object), old && to(old)) ?? [],
    }),
    storedAs: { from: (object) => from(object as S), to: (object) => to(object as T) },
  };
}
