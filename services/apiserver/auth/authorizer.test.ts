import { expect, it } from 'vitest';
import type { Attributes, ResourceAttributes } from './attributes.ts';
import { firstOpinion, insist, mastersAuthorizer } from './authorizer.ts';
import type { User } from './user.ts';

const admin = { name: 'admin', groups: ['system:masters', 'system:authenticated'] };
const bob = { name: 'bob', groups: ['system:authenticated'] };

const list: ResourceAttributes = {
  type: 'resource',
  verb: 'list',
  group: '',
  version: 'v1',
  resource: 'pods',
  subresource: '',
  namespace: 'default',
  name: '',
};

const check = (user: User, attributes: Attributes, reason = ''): Promise<void> =>
  insist(
    firstOpinion([mastersAuthorizer, { authorize: () => ({ verdict: 'none', reason }) }]),
    user,
    attributes,
  );

it('lets system:masters do everything', async () => {
  await check(admin, list);
  await check(admin, { type: 'path', verb: 'post', path: '/anything' });
});

it('says in the words of Kubernetes what one may not do', async () => {
  await expect(check(bob, list)).rejects.toThrow(
    'pods is forbidden: User "bob" cannot list resource "pods" in API group "" in the namespace "default"',
  );
  const scale = { ...list, verb: 'get', group: 'apps', resource: 'deployments', name: 'web' };
  await expect(check(bob, { ...scale, subresource: 'scale', namespace: '' })).rejects.toThrow(
    'deployments.apps "web" is forbidden: User "bob" cannot get resource "deployments/scale" in API group "apps" at the cluster scope',
  );
  await expect(check(bob, { type: 'path', verb: 'get', path: '/apisx' })).rejects.toThrow(
    'forbidden: User "bob" cannot get path "/apisx"',
  );
  await expect(check(bob, list, 'no such role')).rejects.toThrow(
    'in the namespace "default": no such role',
  );
});
