import { serviceAccountName } from '../service-accounts.ts';
import type { User } from '../user.ts';
import { type BindingObject, rbacGroup, type RoleObject, type Subject } from './objects.ts';
import type { Rule } from './rules.ts';

/** What one binding gives to one subject. */
export interface Grant {
  readonly rules: readonly Rule[];
  /** Why, as Kubernetes says it. */
  readonly reason: string;
  /** Where the binding names a role that is not there. */
  readonly problem?: string | undefined;
}

export interface PolicySource {
  readonly roles: Iterable<RoleObject>;
  readonly clusterRoles: Iterable<RoleObject>;
  readonly roleBindings: Iterable<BindingObject>;
  readonly clusterRoleBindings: Iterable<BindingObject>;
}

type Grants = Map<string, Grant[]>;

/** All roles and bindings, sorted by whom they concern. Made anew when one of them changes. */
export class Policy {
  readonly #roles = new Map<string, readonly Rule[]>();
  readonly #cluster: Grants = new Map();
  readonly #namespaces = new Map<string, Grants>();

  constructor(source: PolicySource) {
    for (const role of source.clusterRoles) this.#addRole('', role);
    for (const role of source.roles) this.#addRole(role.metadata?.namespace ?? '', role);
    for (const binding of source.clusterRoleBindings) this.#addBinding('', binding);
    for (const binding of source.roleBindings) {
      this.#addBinding(binding.metadata?.namespace ?? '', binding);
    }
  }

  /** The rules of a role; a Role's where `namespace` is not ''. */
  rulesOf(kind: string, namespace: string, name: string): readonly Rule[] | undefined {
    return this.#roles.get(`${kind === 'ClusterRole' ? '' : namespace}/${name}`);
  }

  /** What a user has everywhere and, where there is one, in the namespace. */
  *grants(user: User, namespace: string): Generator<Grant, void> {
    const keys = [`User ${user.name}`, ...user.groups.map((group) => `Group ${group}`)];
    for (const key of keys) yield* this.#cluster.get(key) ?? [];
    const local = namespace === '' ? undefined : this.#namespaces.get(namespace);
    for (const key of local ? keys : []) yield* local?.get(key) ?? [];
  }

  #addRole(namespace: string, { metadata, rules = [] }: RoleObject): void {
    this.#roles.set(`${namespace}/${metadata?.name ?? ''}`, rules);
  }

  #addBinding(namespace: string, { metadata, roleRef, subjects = [] }: BindingObject): void {
    let grants = namespace === '' ? this.#cluster : this.#namespaces.get(namespace);
    if (!grants) this.#namespaces.set(namespace, (grants = new Map()));
    const { kind, name } = roleRef;
    const rules = this.rulesOf(kind, namespace, name);
    const binding =
      namespace === ''
        ? `ClusterRoleBinding ${JSON.stringify(metadata?.name)}`
        : `RoleBinding ${JSON.stringify(`${metadata?.name}/${namespace}`)}`;
    for (const subject of subjects) {
      const key = subjectKey(subject, namespace);
      const grant: Grant = {
        rules: rules ?? [],
        reason: `RBAC: allowed by ${binding} of ${kind} ${JSON.stringify(name)} to ${said(subject)}`,
        problem: rules
          ? undefined
          : `${kind.toLowerCase()}.${rbacGroup} ${JSON.stringify(name)} not found`,
      };
      grants.set(key, [...(grants.get(key) ?? []), grant]);
    }
  }
}

function subjectKey({ kind, name, namespace }: Subject, own: string): string {
  if (kind === 'ServiceAccount') return `User ${serviceAccountName(namespace ?? own, name)}`;
  return `${kind} ${name}`;
}

const said = ({ kind, name, namespace }: Subject): string =>
  kind === 'ServiceAccount'
    ? `ServiceAccount ${JSON.stringify(`${name}/${namespace}`)}`
    : `${kind} ${JSON.stringify(name)}`;
