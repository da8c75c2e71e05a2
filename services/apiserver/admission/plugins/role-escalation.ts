import { equalJson, forbiddenTo, type KubeObject } from '#shared/api';
import type { Authorizer } from '../../auth/authorizer.ts';
import { mastersGroup } from '../../auth/user.ts';
import type { RbacAuthorizer } from '../../auth/rbac/authorizer.ts';
import { ruleText } from '../../auth/rbac/covers.ts';
import { type BindingObject, rbacGroup, type RoleObject } from '../../auth/rbac/objects.ts';
import type { Rule } from '../../auth/rbac/rules.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../plugin.ts';

const everything: readonly Rule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
  { verbs: ['*'], nonResourceURLs: ['*'] },
];

/**
 * Nobody hands out more than they hold: the rules of a role that is written, or bound, must be the
 * writer's own, unless the verbs `escalate` or `bind` say otherwise.
 */
export function roleEscalation(authorizer: Authorizer, rbac: RbacAuthorizer): AdmissionPlugin {
  const may = async (request: AdmissionRequest, verb: string, kind: string, name: string) => {
    const { user, namespace, resource } = request;
    const plural = kind === 'ClusterRole' ? 'clusterroles' : 'roles';
    const { verdict } = await authorizer.authorize(user, {
      type: 'resource',
      verb,
      group: rbacGroup,
      version: resource.version,
      resource: plural,
      subresource: '',
      namespace,
      name,
    });
    return verdict === 'allow';
  };
  const checkRole = async (request: AdmissionRequest, role: RoleObject, old?: RoleObject) => {
    const { resource, user, namespace } = request;
    const name = role.metadata?.name ?? '';
    if (old && equalJson(contentOf(role), contentOf(old))) return;
    if (await may(request, 'escalate', resource.kind, name)) return;
    if ('aggregationRule' in role && (await rbac.missing(user, '', everything)).length > 0) {
      const why = 'must have cluster-admin privileges to use the aggregationRule';
      throw forbiddenTo(resource, name, why);
    }
    refuseMissing(request, name, await rbac.missing(user, namespace, role.rules ?? []));
  };
  const checkBinding = async (
    request: AdmissionRequest,
    binding: BindingObject,
    old?: BindingObject,
  ) => {
    const { user, namespace } = request;
    const { roleRef, subjects = [], metadata } = binding;
    const same = old && equalJson(roleRef, old.roleRef) && equalJson(subjects, old.subjects ?? []);
    if (same || (await may(request, 'bind', roleRef.kind, roleRef.name))) return;
    const rules = await rbac.rulesOf(roleRef.kind, namespace, roleRef.name);
    const missing = await rbac.missing(user, namespace, rules ?? everything);
    refuseMissing(request, metadata?.name ?? '', missing);
  };
  return {
    name: 'RoleEscalation',
    handles: ({ resource, operation, user }) =>
      resource.group === rbacGroup && operation !== 'delete' && !user.groups.includes(mastersGroup),
    async validate(request, object, old) {
      if (!object) return;
      if (request.resource.resource.endsWith('roles')) {
        await checkRole(request, object, old);
      } else {
        await checkBinding(request, object as BindingObject, old as BindingObject | undefined);
      }
    },
  };
}

const contentOf = (role: KubeObject): object => {
  const { rules, aggregationRule } = role as RoleObject & { aggregationRule?: object };
  return { rules: rules ?? [], aggregationRule };
};

/** Not all of a long list: it is for people. */
const maxListed = 30;

function refuseMissing(
  { resource, user }: AdmissionRequest,
  name: string,
  missing: readonly Rule[],
): void {
  if (missing.length === 0) return;
  const groups = user.groups.map((group) => JSON.stringify(group)).join(' ');
  const rules = missing.slice(0, maxListed).map(ruleText).join('\n');
  const why = `user ${JSON.stringify(user.name)} (groups=[${groups}]) is attempting to grant RBAC permissions not currently held:\n${rules}`;
  throw forbiddenTo(resource, name, why);
}
