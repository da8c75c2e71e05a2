import type { KubeObject } from '../object.ts';
import { allVerbs, type Resource, storagePrefix } from '../resource.ts';
import { builtinSchema } from '../schema/builtin.ts';

type Given<T extends KubeObject> = Partial<Resource<T>> &
  Pick<Resource<T>, 'group' | 'resource' | 'kind' | 'columns'>;

/** A built-in kind with the usual answers filled in; `status` is a subresource wherever there is one. A schema not given is linked when first asked for. */
export function declare<T extends KubeObject>(given: Given<T>): Resource<T> {
  const version = given.version ?? 'v1';
  const hasStatus = given.hasStatus ?? false;
  const definition = `${given.group === '' ? 'core' : given.group.split('.')[0]}/${version}.${given.kind}`;
  return {
    version,
    singular: given.kind.toLowerCase(),
    shortNames: [],
    namespaced: true,
    verbs: allVerbs,
    categories: [],
    storagePrefix: storagePrefix(given),
    hasStatus,
    hasGeneration: false,
    selectableFields: {},
    ...given,
    subresources: [
      ...new Set([...(given.subresources ?? []), ...(hasStatus ? ['status'] : [])]),
    ].sort(),
    get schema() {
      return given.schema ?? builtinSchema(definition);
    },
  };
}
