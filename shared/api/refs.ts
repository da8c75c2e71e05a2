import type { ResourceRef } from './object.ts';

const ref = (group: string, resource: string, version = 'v1'): ResourceRef => ({
  group,
  version,
  resource,
});

/** The collections that components name in code. */
export const refs = {
  namespaces: ref('', 'namespaces'),
  nodes: ref('', 'nodes'),
  pods: ref('', 'pods'),
  services: ref('', 'services'),
  configMaps: ref('', 'configmaps'),
  secrets: ref('', 'secrets'),
  events: ref('', 'events'),
  deployments: ref('apps', 'deployments'),
  replicaSets: ref('apps', 'replicasets'),
  endpointSlices: ref('discovery.k8s.io', 'endpointslices'),
  leases: ref('coordination.k8s.io', 'leases'),
} as const satisfies Record<string, ResourceRef>;
