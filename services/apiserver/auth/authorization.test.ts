import { expect, it } from 'vitest';
import { authorize, type ResourceAttributes } from './authorization.ts';

const admin = { name: 'admin', groups: ['system:masters', 'system:authenticated'] };
const bob = { name: 'bob', groups: ['system:authenticated'] };

const list: ResourceAttributes = {
  type: 'resource',
  verb: 'list',
  group: '',
  resource: 'pods',
  subresource: '',
  namespace: 'default',
  name: '',
};

it('lets system:masters do everything', () => {
  authorize(admin, list);
  authorize(admin, { type: 'path', verb: 'post', path: '/anything' });
});

it('lets others see what there is, and says what they may not do', () => {
  authorize(bob, { type: 'path', verb: 'get', path: '/apis/apps/v1' });
  expect(() => authorize(bob, list)).toThrow(
    'pods is forbidden: User "bob" cannot list resource "pods" in API group "" in the namespace "default"',
  );
  const scale = { ...list, verb: 'get', group: 'apps', resource: 'deployments', name: 'web' };
  expect(() => authorize(bob, { ...scale, subresource: 'scale', namespace: '' })).toThrow(
    'deployments.apps "web" is forbidden: User "bob" cannot get resource "deployments/scale" in API group "apps" at the cluster scope',
  );
  expect(() => authorize(bob, { type: 'path', verb: 'get', path: '/apisx' })).toThrow(
    'forbidden: User "bob" cannot get path "/apisx"',
  );
});
