import type { ResourceRef } from './object.ts';
import { configMap } from './kinds/config-map.ts';
import { deployment } from './kinds/deployment.ts';
import { endpointSlice } from './kinds/endpoint-slice.ts';
import { event } from './kinds/event.ts';
import { lease } from './kinds/lease.ts';
import { namespace } from './kinds/namespace.ts';
import { node } from './kinds/node.ts';
import { pod } from './kinds/pod.ts';
import { replicaSet } from './kinds/replica-set.ts';
import { secret } from './kinds/secret.ts';
import { service } from './kinds/service.ts';
import type { Resource } from './resource.ts';

/** The built-in kinds. */
export const resources: readonly Resource[] = [
  configMap,
  endpointSlice,
  event,
  lease,
  namespace,
  node,
  pod,
  deployment,
  replicaSet,
  secret,
  service,
];

/** The built-in kind that serves this collection. */
export const findResource = (ref: ResourceRef): Resource | undefined =>
  resources.find(
    ({ group, version, resource }) =>
      group === ref.group && version === ref.version && resource === ref.resource,
  );
