import { QuorateError } from '#shared/base';
import { groupVersion, type KindInfo } from '#shared/api';
import type { KindTable } from '../registry/kinds.ts';
import type { Exchange } from './exchange.ts';
import { type Accepted, contentType, negotiate, type Transform } from './negotiate.ts';
import { subresourceInfo } from './subresources.ts';

const aggregated: readonly Transform[] = ['v2', 'v2beta1'].map((version) => ({
  as: 'APIGroupDiscoveryList',
  group: 'apidiscovery.k8s.io',
  version,
}));

interface Group {
  readonly name: string;
  readonly versions: ReadonlyMap<string, readonly KindInfo[]>;
}

/** `/api`, `/apis`, `/api/v1`, `/apis/<group>`, `/apis/<group>/<version>`; false for other paths. */
export function serveDiscovery(kinds: KindTable, path: string, exchange: Exchange): boolean {
  const [, root, first, second, ...rest] = path.split('/');
  if ((root !== 'api' && root !== 'apis') || rest.length > 0) return false;
  const groups = groupsOf(kinds).filter(({ name }) => (name === '') === (root === 'api'));
  if (first === undefined) {
    serveRoot(root, groups, exchange);
    return true;
  }
  const group = groups.find(({ name }) => name === (root === 'api' ? '' : first));
  const version = root === 'api' ? first : second;
  if (root === 'api' && second !== undefined) return false;
  if (!group) throw unknownPath();
  if (version === undefined) {
    send(exchange, { kind: 'APIGroup', apiVersion: 'v1', ...describeGroup(group) });
    return true;
  }
  const infos = group.versions.get(version);
  if (!infos) throw unknownPath();
  send(exchange, resourceList(group.name, version, infos));
  return true;
}

/** `/`: where to go from here. */
export function serveIndex(kinds: KindTable, exchange: Exchange): void {
  const groups = groupsOf(kinds).flatMap(({ name, versions }) => {
    if (name === '') return [...versions.keys()].map((version) => `/api/${version}`);
    return [`/apis/${name}`, ...[...versions.keys()].map((version) => `/apis/${name}/${version}`)];
  });
  const others = [
    '/api',
    '/apis',
    '/healthz',
    '/livez',
    '/metrics',
    '/openapi/v2',
    '/openapi/v3',
    '/readyz',
  ];
  exchange.json({ paths: [...groups, ...others, '/version'].sort() });
}

export const unknownPath = (): QuorateError =>
  new QuorateError('not-found', 'the server could not find the requested resource');

function serveRoot(root: 'api' | 'apis', groups: readonly Group[], exchange: Exchange): void {
  const form = negotiate(exchange.header('accept'), aggregated);
  if (form) {
    const items = groups.map(aggregate);
    const apiVersion = `${form.group}/${form.version}`;
    send(exchange, { kind: 'APIGroupDiscoveryList', apiVersion, metadata: {}, items }, form);
  } else if (root === 'apis') {
    const described = groups.map(describeGroup);
    send(exchange, { kind: 'APIGroupList', apiVersion: 'v1', groups: described });
  } else {
    const versions = groups.flatMap((group) => [...group.versions.keys()]);
    // One server for all of them: the one that was asked.
    const serverAddressByClientCIDRs = [{ clientCIDR: '0.0.0.0/0', serverAddress: exchange.host }];
    send(exchange, { kind: 'APIVersions', versions, serverAddressByClientCIDRs });
  }
}

function send(exchange: Exchange, body: object, form?: Accepted): void {
  exchange.cacheable(Buffer.from(JSON.stringify(body)), contentType(form));
}

function groupsOf(kinds: KindTable): Group[] {
  const groups = new Map<string, Map<string, KindInfo[]>>();
  for (const info of kinds.infos()) {
    const versions = groups.get(info.group) ?? new Map<string, KindInfo[]>();
    groups.set(info.group, versions);
    versions.set(info.version, [...(versions.get(info.version) ?? []), info]);
  }
  return [...groups].map(([name, versions]) => ({ name, versions }));
}

function describeGroup({ name, versions }: Group): object {
  const all = [...versions.keys()].map((version) => ({
    groupVersion: groupVersion({ group: name, version, resource: '' }),
    version,
  }));
  return { name, versions: all, preferredVersion: all[0] };
}

function resourceList(group: string, version: string, infos: readonly KindInfo[]): object {
  const resources = infos.flatMap((info) => [
    {
      name: info.resource,
      singularName: info.singular,
      namespaced: info.namespaced,
      kind: info.kind,
      verbs: info.verbs,
      ...(info.shortNames.length > 0 && { shortNames: info.shortNames }),
      ...(info.categories.length > 0 && { categories: info.categories }),
    },
    ...info.subresources.map((name) => {
      const { verbs, kind } = subresourceInfo(name);
      return {
        name: `${info.resource}/${name}`,
        singularName: '',
        namespaced: info.namespaced,
        // Said only where it differs from the list's.
        ...(kind && kind.group !== group && { group: kind.group, version: kind.version }),
        kind: kind?.kind ?? info.kind,
        verbs,
      };
    }),
  ]);
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: groupVersion({ group, version, resource: '' }),
    resources,
  };
}

function aggregate({ name, versions }: Group): object {
  return {
    metadata: name === '' ? {} : { name },
    versions: [...versions].map(([version, infos]) => ({
      version,
      resources: infos.map(aggregateKind),
      freshness: 'Current',
    })),
  };
}

function aggregateKind(info: KindInfo): object {
  const { group, version, kind } = info;
  const responseKind = { group, version, kind };
  return {
    resource: info.resource,
    responseKind,
    scope: info.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: info.singular,
    verbs: info.verbs,
    ...(info.shortNames.length > 0 && { shortNames: info.shortNames }),
    ...(info.categories.length > 0 && { categories: info.categories }),
    ...(info.subresources.length > 0 && {
      subresources: info.subresources.map((name) => {
        const described = subresourceInfo(name);
        return {
          subresource: name,
          responseKind: described.kind ?? responseKind,
          verbs: described.verbs,
        };
      }),
    }),
  };
}
