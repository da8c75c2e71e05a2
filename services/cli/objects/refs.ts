import type { ResourceRef } from '#shared/api';

// The same as `refs` of #shared/api, which would load every kind's schema with it: a third of the
// time that a short command takes.
const ref = (group: string, resource: string): ResourceRef => ({ group, version: 'v1', resource });

/** The collections that verbs name in code. */
export const refs = {
  nodes: ref('', 'nodes'),
  pods: ref('', 'pods'),
  services: ref('', 'services'),
  events: ref('', 'events'),
  deployments: ref('apps', 'deployments'),
  replicaSets: ref('apps', 'replicasets'),
  endpointSlices: ref('discovery.k8s.io', 'endpointslices'),
  leases: ref('coordination.k8s.io', 'leases'),
} as const;
