import { describe, expect, it } from 'vitest';
import type { Attributes, ResourceAttributes } from '../attributes.ts';
import { RbacAuthorizer } from './authorizer.ts';
import { ruleText, uncovered } from './covers.ts';
import { defaultBindings, defaultClusterRoles } from './default-roles.ts';
import { Policy } from './policy.ts';
import type { Rule } from './rules.ts';

const bob = { name: 'bob', groups: ['dev', 'system:authenticated'] };
const ci = { name: 'system:serviceaccount:build:ci', groups: ['system:serviceaccounts'] };
const reads: Rule = { verbs: ['get', 'list'], apiGroups: [''], resources: ['pods', 'pods/log'] };

const rbac = new RbacAuthorizer(() =>
  Promise.resolve(
    new Policy({
      clusterRoles: [
        { metadata: { name: 'reader' }, rules: [reads] },
        {
          metadata: { name: 'scaler' },
          rules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*/scale'] }],
        },
        {
          metadata: { name: 'health' },
          rules: [{ verbs: ['get'], nonResourceURLs: ['/livez', '/metrics/*'] }],
        },
      ],
      roles: [
        {
          metadata: { name: 'one', namespace: 'build' },
          rules: [
            { verbs: ['get'], apiGroups: [''], resources: ['secrets'], resourceNames: ['mine'] },
          ],
        },
      ],
      clusterRoleBindings: [
        {
          metadata: { name: 'devs' },
          roleRef: { apiGroup: '', kind: 'ClusterRole', name: 'scaler' },
          subjects: [{ kind: 'Group', name: 'dev' }],
        },
        {
          metadata: { name: 'health' },
          roleRef: { apiGroup: '', kind: 'ClusterRole', name: 'health' },
          subjects: [{ kind: 'User', name: 'bob' }],
        },
      ],
      roleBindings: [
        {
          metadata: { name: 'read', namespace: 'web' },
          roleRef: { apiGroup: '', kind: 'ClusterRole', name: 'reader' },
          subjects: [{ kind: 'User', name: 'bob' }],
        },
        {
          metadata: { name: 'one', namespace: 'build' },
          roleRef: { apiGroup: '', kind: 'Role', name: 'one' },
          subjects: [{ kind: 'ServiceAccount', name: 'ci', namespace: 'build' }],
        },
        {
          metadata: { name: 'lost', namespace: 'void' },
          roleRef: { apiGroup: '', kind: 'Role', name: 'gone' },
          subjects: [{ kind: 'User', name: 'bob' }],
        },
      ],
    }),
  ),
);

const asks = (text: string, more: Partial<ResourceAttributes> = {}): ResourceAttributes => {
  const [verb = '', resource = '', subresource = ''] = text.split(/[ /]/);
  const base = { group: '', version: 'v1', namespace: '', name: '' };
  return { type: 'resource', verb, resource, subresource, ...base, ...more };
};

const verdict = async (user: typeof bob, attributes: Attributes): Promise<string> => {
  const { verdict, reason } = await rbac.authorize(user, attributes);
  return reason === '' ? verdict : `${verdict}: ${reason}`;
};

describe('RBAC', () => {
  it('gives a cluster role in one namespace by a RoleBinding', async () => {
    expect(await verdict(bob, asks('list pods', { namespace: 'web' }))).toBe(
      'allow: RBAC: allowed by RoleBinding "read/web" of ClusterRole "reader" to User "bob"',
    );
    expect(await verdict(bob, asks('get pods/log', { namespace: 'web' }))).toMatch(/^allow/);
    expect(await verdict(bob, asks('get pods/exec', { namespace: 'web' }))).toBe('none');
    expect(await verdict(bob, asks('list pods', { namespace: 'other' }))).toBe('none');
    expect(await verdict(bob, asks('list pods'))).toBe('none');
    expect(await verdict(bob, asks('delete pods', { namespace: 'web' }))).toBe('none');
  });

  it('knows a view of every kind, and names of objects', async () => {
    const scale = asks('patch deployments/scale', { group: 'apps', name: 'x' });
    expect(await verdict(bob, scale)).toMatch(/to Group "dev"$/);
    expect(await verdict(bob, { ...scale, subresource: '' })).toBe('none');
    const secret = asks('get secrets', { namespace: 'build' });
    expect(await verdict(ci, { ...secret, name: 'mine' })).toBe(
      'allow: RBAC: allowed by RoleBinding "one/build" of Role "one" to ServiceAccount "ci/build"',
    );
    expect(await verdict(ci, { ...secret, name: 'other' })).toBe('none');
    expect(await verdict(ci, secret)).toBe('none');
  });

  it('knows paths, with a star for what follows', async () => {
    const path = (path: string, verb = 'get'): Attributes => ({ type: 'path', verb, path });
    expect(await verdict(bob, path('/livez'))).toMatch(/^allow/);
    expect(await verdict(bob, path('/metrics/slis'))).toMatch(/^allow/);
    expect(await verdict(bob, path('/livez/ping'))).toBe('none');
    expect(await verdict(bob, path('/livez', 'post'))).toBe('none');
  });

  it('says where a binding names a role that is not there', async () => {
    expect(await verdict(bob, asks('list pods', { namespace: 'void' }))).toBe(
      'none: RBAC: role.rbac.authorization.k8s.io "gone" not found',
    );
  });
});

describe('the escalation check', () => {
  const missing = (held: readonly Rule[], wanted: readonly Rule[]): string[] =>
    uncovered(held, wanted).map(ruleText);

  it('finds what the grantor does not hold, verb by verb', () => {
    expect(missing([reads], [reads])).toEqual([]);
    expect(missing([reads], [{ ...reads, verbs: ['get', 'delete'], resources: ['pods'] }])).toEqual(
      ['{APIGroups:[""], Resources:["pods"], Verbs:["delete"]}'],
    );
    const named: Rule = { ...reads, resourceNames: ['a'] };
    expect(missing([reads], [named])).toEqual([]);
    expect(missing([named], [reads])).not.toEqual([]);
    const everything: Rule = { verbs: ['*'], apiGroups: ['*'], resources: ['*'] };
    expect(missing([everything], [reads, everything])).toEqual([]);
    expect(missing([reads], [everything])).toHaveLength(1);
    const urls = (...nonResourceURLs: string[]): Rule => ({ verbs: ['get'], nonResourceURLs });
    expect(missing([urls('/api/*')], [urls('/api/v1')])).toEqual([]);
    expect(missing([everything], [urls('/api')])).toHaveLength(1);
  });

  it('lets nobody who edits hand out more than admin', () => {
    const rules = (name: string): readonly Rule[] =>
      defaultClusterRoles.find(({ metadata }) => metadata?.name === name)?.rules ?? [];
    expect(missing(rules('admin'), rules('edit'))).toEqual([]);
    expect(missing(rules('edit'), rules('view'))).toEqual([]);
    expect(missing(rules('view'), rules('edit'))).not.toEqual([]);
    expect(missing(rules('admin'), rules('cluster-admin'))).not.toEqual([]);
    for (const [name] of defaultBindings) expect(rules(name), name).not.toEqual([]);
  });
});
