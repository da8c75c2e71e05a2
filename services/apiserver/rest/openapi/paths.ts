import { groupVersion, type Resource } from '#shared/api';
import type { Definition } from './definitions.ts';

/** A query parameter, as both versions of OpenAPI describe it to their own taste. */
export interface Parameter {
  readonly name: string;
  readonly type: 'string' | 'boolean' | 'integer';
}

/** One operation: enough of it for clients to see what it is about and what it takes. */
export interface Operation {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  readonly action: string;
  readonly parameters: readonly Parameter[];
}

export interface PathInfo {
  readonly path: string;
  readonly resource: Resource;
  readonly operations: readonly Operation[];
}

const parameter = (name: string, type: Parameter['type'] = 'string'): Parameter => ({ name, type });

const write = ['dryRun', 'fieldManager', 'fieldValidation'].map((name) => parameter(name));
const remove = [
  parameter('dryRun'),
  parameter('gracePeriodSeconds', 'integer'),
  parameter('propagationPolicy'),
];
const list = [
  parameter('allowWatchBookmarks', 'boolean'),
  parameter('continue'),
  parameter('fieldSelector'),
  parameter('labelSelector'),
  parameter('limit', 'integer'),
  parameter('resourceVersion'),
  parameter('resourceVersionMatch'),
  parameter('sendInitialEvents', 'boolean'),
  parameter('timeoutSeconds', 'integer'),
  parameter('watch', 'boolean'),
];

const collectionOperations: readonly Operation[] = [
  { method: 'get', action: 'list', parameters: list },
  { method: 'post', action: 'post', parameters: write },
  { method: 'delete', action: 'deletecollection', parameters: [...remove, ...list] },
];
const everywhereOperations = collectionOperations.slice(0, 1);
const objectOperations: readonly Operation[] = [
  { method: 'get', action: 'get', parameters: [] },
  { method: 'put', action: 'put', parameters: write },
  { method: 'patch', action: 'patch', parameters: [...write, parameter('force', 'boolean')] },
  { method: 'delete', action: 'delete', parameters: remove },
];

/** The paths below which a kind is served. */
export function pathsOf(resource: Resource): PathInfo[] {
  const root = `${resource.group === '' ? '/api' : '/apis'}/${groupVersion(resource)}`;
  const plural = resource.resource;
  if (!resource.namespaced) {
    return [
      { path: `${root}/${plural}`, resource, operations: collectionOperations },
      { path: `${root}/${plural}/{name}`, resource, operations: objectOperations },
    ];
  }
  const within = `${root}/namespaces/{namespace}/${plural}`;
  return [
    { path: `${root}/${plural}`, resource, operations: everywhereOperations },
    { path: within, resource, operations: collectionOperations },
    { path: `${within}/{name}`, resource, operations: objectOperations },
  ];
}

export const placeholders = (path: string): string[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);

/** What kubectl finds operations by. */
export const kindExtensions = (
  { group, version, kind }: Resource,
  { action }: Operation,
): Definition => ({
  'x-kubernetes-action': action,
  'x-kubernetes-group-version-kind': { group, version, kind },
});
