import { describe, expect, it } from 'vitest';
import { chargesOf, inScopes, toAmounts } from './quota.ts';
import type { Pod, ResourceQuota } from './types.ts';

const pods = { group: '', resource: 'pods' };
const amounts = (kind: { group: string; resource: string }, object: object): unknown => {
  const charges = chargesOf(kind, object);
  return toAmounts(charges.keys(), charges);
};
const asks = (cpu: string, more: object = {}): object => ({
  name: cpu,
  resources: { requests: { cpu }, limits: { cpu } },
  ...more,
});

describe('an object is charged', () => {
  it('a pod, for all containers at once or the largest init container', () => {
    const spec = { containers: [asks('100m'), asks('200m')], initContainers: [asks('500m')] };
    expect(amounts(pods, { spec })).toEqual({
      'count/pods': '1',
      cpu: '500m',
      'limits.cpu': '500m',
      pods: '1',
      'requests.cpu': '500m',
    });
    const sidecar = {
      ...spec,
      initContainers: [asks('1', { restartPolicy: 'Always' }), asks('2')],
    };
    expect(amounts(pods, { spec: sidecar })).toMatchObject({ cpu: '3' });
  });

  it('a pod that has ended, for nothing but its being there', () => {
    const pod = { spec: { containers: [asks('1')] }, status: { phase: 'Succeeded' } };
    expect(amounts(pods, pod)).toEqual({ 'count/pods': '1' });
  });

  it('a Service, by its type', () => {
    const services = { group: '', resource: 'services' };
    const spec = { type: 'LoadBalancer', ports: [{ port: 1 }, { port: 2 }] };
    expect(amounts(services, { spec })).toEqual({
      'count/services': '1',
      services: '1',
      'services.loadbalancers': '1',
      'services.nodeports': '2',
    });
    expect(amounts(services, { spec: { type: 'ClusterIP' } })).toEqual({
      'count/services': '1',
      services: '1',
    });
  });

  it('a claim, by its storage and its class', () => {
    const claims = { group: '', resource: 'persistentvolumeclaims' };
    const spec = { storageClassName: 'fast', resources: { requests: { storage: '2Gi' } } };
    expect(amounts(claims, { spec })).toEqual({
      'count/persistentvolumeclaims': '1',
      'fast.storageclass.storage.k8s.io/persistentvolumeclaims': '1',
      'fast.storageclass.storage.k8s.io/requests.storage': '2Gi',
      persistentvolumeclaims: '1',
      'requests.storage': '2Gi',
    });
  });

  it('anything else, by its count', () => {
    expect(amounts({ group: 'apps', resource: 'deployments' }, {})).toEqual({
      'count/deployments.apps': '1',
    });
  });
});

it.each([
  [['BestEffort'], {}, true],
  [['NotBestEffort'], {}, false],
  [['NotTerminating', 'BestEffort'], {}, true],
  [['Terminating'], { activeDeadlineSeconds: 1 }, true],
  [['CrossNamespacePodAffinity'], {}, false],
])('scopes %j pick a pod with %j: %s', (scopes, spec, picked) => {
  const pod: Pod = { spec: { containers: [{ name: 'a' }], ...spec } };
  expect(inScopes({ spec: { scopes } }, pods, pod)).toBe(picked);
});

it.each([
  ['In', ['high'], true],
  ['In', ['low'], false],
  ['NotIn', ['high'], false],
  ['Exists', [], true],
  ['DoesNotExist', [], false],
])('priority %s %j', (operator, values, picked) => {
  const quota: ResourceQuota = {
    spec: {
      scopeSelector: { matchExpressions: [{ scopeName: 'PriorityClass', operator, values }] },
    },
  };
  const pod: Pod = { spec: { containers: [], priorityClassName: 'high' } };
  expect(inScopes(quota, pods, pod)).toBe(picked);
});
