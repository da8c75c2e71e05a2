import { describe, expect, it } from 'vitest';
import type { KindInfo } from '#shared/api';
import { reference, resolveKind, resolveKinds } from './kinds.ts';
import { parseTarget, parseTargets } from './targets.ts';

const kind = (
  group: string,
  resource: string,
  name: string,
  more: Partial<KindInfo>,
): KindInfo => ({
  group,
  version: 'v1',
  resource,
  kind: name,
  singular: name.toLowerCase(),
  shortNames: [],
  namespaced: true,
  verbs: [],
  categories: [],
  subresources: [],
  ...more,
});

const pods = kind('', 'pods', 'Pod', { shortNames: ['po'], categories: ['all'] });
const services = kind('', 'services', 'Service', { shortNames: ['svc'], categories: ['all'] });
const deployments = kind('apps', 'deployments', 'Deployment', {
  shortNames: ['deploy'],
  categories: ['all'],
});
const secrets = kind('', 'secrets', 'Secret', {});
const kinds = [pods, services, deployments, secrets];

describe('kinds', () => {
  it('have many names', () => {
    for (const word of ['deployments', 'deployment', 'deploy', 'Deployment', 'deploy.apps']) {
      expect(resolveKind(kinds, word)).toBe(deployments);
    }
    expect(resolveKind(kinds, 'deployments.v1.apps')).toBe(deployments);
    expect(resolveKind(kinds, 'pods.v1')).toBe(pods);
    expect(() => resolveKind(kinds, 'gizmos')).toThrow(
      `the server doesn't have a resource type "gizmos"`,
    );
    expect(() => resolveKind(kinds, 'deployments.batch')).toThrow('deployments.batch');
  });

  it('come in categories', () => {
    expect(resolveKinds(kinds, 'all')).toEqual([pods, services, deployments]);
    expect(resolveKinds(kinds, 'all,secrets,po')).toEqual([pods, services, deployments, secrets]);
  });

  it('are said with their group', () => {
    expect(reference(deployments, 'hello')).toBe('deployment.apps/hello');
    expect(reference(pods, 'a')).toBe('pod/a');
  });
});

describe('arguments', () => {
  it('name a type, objects of a type, or pairs', () => {
    expect(parseTargets(kinds, ['po,svc'], 'get')).toEqual([{ kind: pods }, { kind: services }]);
    expect(parseTargets(kinds, ['pods', 'a', 'b', 'a'], 'get')).toEqual([
      { kind: pods, name: 'a' },
      { kind: pods, name: 'b' },
    ]);
    expect(parseTargets(kinds, ['pod/a', 'svc/b'], 'get')).toEqual([
      { kind: pods, name: 'a' },
      { kind: services, name: 'b' },
    ]);
  });

  it('are refused in kubectl’s words', () => {
    expect(() => parseTargets(kinds, [], 'get')).toThrow('you must specify the type of resource');
    expect(() => parseTargets(kinds, ['pods', 'pod/a'], 'get')).toThrow(
      'there is no need to specify a resource type as a separate argument',
    );
    expect(() => parseTargets(kinds, ['pod/'], 'get')).toThrow('single resource and name');
    expect(() => parseTargets(kinds, ['pod/a/b'], 'get')).toThrow('single resource and name');
  });

  it('name one object where one is wanted', () => {
    expect(parseTarget(kinds, ['deploy', 'x'], 'edit')).toEqual({ kind: deployments, name: 'x' });
    expect(() => parseTarget(kinds, ['deploy'], 'edit')).toThrow('name one object to edit');
    expect(() => parseTarget(kinds, ['deploy', 'x', 'y'], 'edit')).toThrow('name one object');
  });
});
