import { refs } from '#shared/api';
import { ensureAll } from '../../registry/ensure.ts';
import type { KindTable } from '../../registry/kinds.ts';
import type { Registry } from '../../registry/registry.ts';
import { uncovered } from './covers.ts';
import {
  defaultBindings,
  defaultClusterRoles,
  defaultMetadata,
  isKeptUpToDate,
} from './default-roles.ts';
import { type BindingObject, rbacGroup, type RoleObject, type Subject } from './objects.ts';

/**
 * Makes the default roles and bindings that are missing, and gives back what somebody took from
 * those that are kept up to date. What was added stays.
 */
export async function reconcileRoles(registry: Registry, kinds: KindTable): Promise<void> {
  const bindings = defaultBindings.map(
    ([name, subjects]): BindingObject => ({
      metadata: { ...defaultMetadata, name },
      roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name },
      subjects: subjects.map(([kind, name]) =>
        kind === 'ServiceAccount'
          ? { kind, name, namespace: 'kube-system' }
          : { kind, apiGroup: rbacGroup, name },
      ),
    }),
  );
  await ensureAll(registry, kinds, refs.clusterRoles, defaultClusterRoles, withRules);
  await ensureAll(registry, kinds, refs.clusterRoleBindings, bindings, withSubjects);
}

function withRules(there: RoleObject, wanted: RoleObject): RoleObject | undefined {
  // The rules of a sum are its controller's.
  if (!isKeptUpToDate(there) || 'aggregationRule' in wanted) return undefined;
  const missing = uncovered(there.rules ?? [], wanted.rules ?? []);
  return missing.length === 0
    ? undefined
    : { ...there, rules: [...(there.rules ?? []), ...missing] };
}

function withSubjects(there: BindingObject, wanted: BindingObject): BindingObject | undefined {
  if (!isKeptUpToDate(there)) return undefined;
  const key = ({ kind, namespace = '', name }: Subject): string => `${kind}/${namespace}/${name}`;
  const present = new Set((there.subjects ?? []).map(key));
  const missing = (wanted.subjects ?? []).filter((subject) => !present.has(key(subject)));
  return missing.length === 0
    ? undefined
    : { ...there, subjects: [...(there.subjects ?? []), ...missing] };
}
