import type { FieldCause } from '#shared/base';
import { invalidValue, notSupported, required } from '../causes.ts';
import { ageColumn, column, nameColumn, wide } from '../columns.ts';
import { equalJson } from '../equal.ts';
import type {
  ClusterRole,
  ClusterRoleBinding,
  PolicyRule,
  Role,
  RoleBinding,
  RoleRef,
  RoleSubject,
} from '../types.ts';
import { dnsSubdomain, pathSegment } from '../validation/names.ts';
import { validateSelector } from '../validation/selectors.ts';
import { declare } from './declare.ts';

const group = 'rbac.authorization.k8s.io';

const createdAt = column<Role | ClusterRole>(
  'Created At',
  ({ metadata }) => metadata?.creationTimestamp ?? '',
  'When it was made.',
  'date',
);

export const role = declare<Role>({
  group,
  resource: 'roles',
  kind: 'Role',
  columns: [nameColumn, createdAt],
  validateName: pathSegment,
  defaults: (draft) => {
    draft.rules ??= [];
  },
  validate: ({ rules }) => validateRules(rules, true),
});

export const clusterRole = declare<ClusterRole>({
  group,
  resource: 'clusterroles',
  kind: 'ClusterRole',
  namespaced: false,
  columns: [nameColumn, createdAt],
  validateName: pathSegment,
  defaults: (draft) => {
    draft.rules ??= [];
  },
  validate: ({ rules, aggregationRule }) => {
    const causes = validateRules(rules, false);
    if (!aggregationRule) return causes;
    const field = 'aggregationRule.clusterRoleSelectors';
    const selectors = aggregationRule.clusterRoleSelectors ?? [];
    if (selectors.length === 0) {
      const detail = 'at least one clusterRoleSelector required if aggregationRule is non-nil';
      causes.push(required(field, detail));
    }
    return [
      ...causes,
      ...selectors.flatMap((selector, i) => validateSelector(selector, `${field}[${i}]`)),
    ];
  },
});

function validateRules(rules: readonly PolicyRule[] = [], namespaced: boolean): FieldCause[] {
  return rules.flatMap((rule, i) => {
    const at = `rules[${i}]`;
    const { verbs, apiGroups = [], resources = [], nonResourceURLs = [] } = rule;
    const causes: FieldCause[] = [];
    if (verbs.length === 0) {
      causes.push(required(`${at}.verbs`, 'verbs must contain at least one value'));
    }
    if (nonResourceURLs.length > 0) {
      if (namespaced) {
        const detail = 'namespaced rules cannot apply to non-resource URLs';
        causes.push(invalidValue(`${at}.nonResourceURLs`, nonResourceURLs, detail));
      }
      if (apiGroups.length + resources.length + (rule.resourceNames ?? []).length > 0) {
        const detail = 'rules cannot apply to both regular resources and non-resource URLs';
        causes.push(invalidValue(`${at}.nonResourceURLs`, nonResourceURLs, detail));
      }
      return causes;
    }
    if (apiGroups.length === 0) {
      const detail = 'resource rules must supply at least one api group';
      causes.push(required(`${at}.apiGroups`, detail));
    }
    if (resources.length === 0) {
      const detail = 'resource rules must supply at least one resource';
      causes.push(required(`${at}.resources`, detail));
    }
    return causes;
  });
}

type AnyBinding = RoleBinding | ClusterRoleBinding;

const subjects = ({ subjects = [] }: AnyBinding, kind: string): string =>
  subjects
    .filter((subject) => subject.kind === kind)
    .map(({ name, namespace }) => (kind === 'ServiceAccount' ? `${namespace}/${name}` : name))
    .join(', ');

const bindingColumns = [
  nameColumn,
  column<AnyBinding>('Role', ({ roleRef }) => `${roleRef.kind}/${roleRef.name}`, 'What it gives.'),
  ageColumn,
  wide<AnyBinding>('Users', (binding) => subjects(binding, 'User'), 'To whom.'),
  wide<AnyBinding>('Groups', (binding) => subjects(binding, 'Group'), 'To whom.'),
  wide<AnyBinding>('ServiceAccounts', (each) => subjects(each, 'ServiceAccount'), 'To whom.'),
];

export const roleBinding = declare<RoleBinding>({
  group,
  resource: 'rolebindings',
  kind: 'RoleBinding',
  columns: bindingColumns,
  validateName: pathSegment,
  defaults: (draft) => defaultBinding(draft),
  validate: (binding, old) => validateBinding(binding, old, ['ClusterRole', 'Role']),
});

export const clusterRoleBinding = declare<ClusterRoleBinding>({
  group,
  resource: 'clusterrolebindings',
  kind: 'ClusterRoleBinding',
  namespaced: false,
  columns: bindingColumns,
  validateName: pathSegment,
  defaults: (draft) => defaultBinding(draft),
  validate: (binding, old) => validateBinding(binding, old, ['ClusterRole']),
});

function defaultBinding({ metadata, roleRef, subjects = [] }: AnyBinding): void {
  if (roleRef) roleRef.apiGroup ||= group;
  for (const subject of subjects) {
    if (subject.kind === 'User' || subject.kind === 'Group') subject.apiGroup ||= group;
    else if (subject.kind === 'ServiceAccount' && metadata?.namespace) {
      subject.namespace ||= metadata.namespace;
    }
  }
}

function validateBinding(
  { roleRef, subjects = [] }: AnyBinding,
  old: AnyBinding | undefined,
  kinds: readonly string[],
): FieldCause[] {
  const causes = validateRoleRef(roleRef, kinds);
  if (old && !equalJson(roleRef, old.roleRef)) {
    causes.push(invalidValue('roleRef', roleRef, 'cannot change roleRef'));
  }
  return [...causes, ...subjects.flatMap((each, i) => validateSubject(each, `subjects[${i}]`))];
}

function validateRoleRef({ apiGroup, kind, name }: RoleRef, kinds: readonly string[]) {
  const causes: FieldCause[] = [];
  if (apiGroup !== group) causes.push(notSupported('roleRef.apiGroup', apiGroup, [group]));
  if (!kinds.includes(kind)) causes.push(notSupported('roleRef.kind', kind, kinds));
  if (name === '') causes.push(required('roleRef.name'));
  else for (const e of pathSegment(name)) causes.push(invalidValue('roleRef.name', name, e));
  return causes;
}

function validateSubject(subject: RoleSubject, field: string): FieldCause[] {
  const { kind, name, namespace = '', apiGroup = '' } = subject;
  const causes: FieldCause[] = [];
  if (name === '') causes.push(required(`${field}.name`));
  const expected = kind === 'ServiceAccount' ? '' : group;
  switch (kind) {
    case 'ServiceAccount':
      if (name) {
        causes.push(...dnsSubdomain(name).map((e) => invalidValue(`${field}.name`, name, e)));
      }
      if (namespace === '') causes.push(required(`${field}.namespace`));
      break;
    case 'Group':
    case 'User':
      break;
    default:
      return [...causes, notSupported(`${field}.kind`, kind, ['Group', 'ServiceAccount', 'User'])];
  }
  if (apiGroup !== expected) {
    causes.push(notSupported(`${field}.apiGroup`, apiGroup, [expected]));
  }
  return causes;
}
