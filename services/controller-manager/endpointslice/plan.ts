import {
  type Endpoint,
  type EndpointPort,
  type EndpointSlice,
  equalJson,
  newControllerRef,
  type Pod,
  podTemplateHash,
  refs,
  type Service,
} from '#shared/api';
import { addressOf, endpointGroups, isHeadless, portsKey } from './endpoints.ts';

export const serviceNameLabel = 'kubernetes.io/service-name';
export const managedByLabel = 'endpointslice.kubernetes.io/managed-by';
export const managedBy = 'endpointslice-controller.k8s.io';
const headlessLabel = 'service.kubernetes.io/headless';

/** Kubernetes' default; its API refuses more than a thousand. */
const endpointsPerSlice = 100;

export interface SlicePlan {
  readonly creates: readonly EndpointSlice[];
  readonly updates: readonly EndpointSlice[];
  readonly deletes: readonly EndpointSlice[];
}

/**
 * The writes that make the slices say what the pods are. An endpoint stays in the slice it is in,
 * room is filled before a slice is added, so that a change touches as few slices as possible.
 */
export function planSlices(
  service: Service,
  pods: readonly Pod[],
  slices: readonly EndpointSlice[],
): SlicePlan {
  const creates: EndpointSlice[] = [];
  const updates: EndpointSlice[] = [];
  const unused = new Set(slices);
  const names = new Set(slices.map(({ metadata }) => metadata?.name ?? ''));
  for (const { ports, endpoints } of endpointGroups(service, pods)) {
    const fitting = slices.filter(
      (slice) => slice.addressType === 'IPv4' && portsKey(slice.ports) === portsKey(ports),
    );
    const { kept, rest } = distribute(endpoints, fitting);
    for (const [slice, members] of kept) {
      if (members.length === 0) continue;
      unused.delete(slice);
      const next = { ...withLabels(slice, service), endpoints: members };
      if (!equalJson(next, slice)) updates.push(next);
    }
    for (let from = 0; from < rest.length; from += endpointsPerSlice) {
      const members = rest.slice(from, from + endpointsPerSlice);
      creates.push(newSlice(service, ports, members, names));
    }
  }
  return { creates, updates, deletes: [...unused] };
}

function distribute(endpoints: readonly Endpoint[], slices: readonly EndpointSlice[]) {
  const wanted = new Map(endpoints.map((endpoint) => [addressOf(endpoint), endpoint]));
  const kept = new Map<EndpointSlice, Endpoint[]>();
  for (const slice of slices) {
    const members: Endpoint[] = [];
    for (const { endpoint, key } of slice.endpoints.map((each) => ({
      endpoint: wanted.get(addressOf(each)),
      key: addressOf(each),
    }))) {
      if (!endpoint || members.length >= endpointsPerSlice) continue;
      members.push(endpoint);
      wanted.delete(key);
    }
    kept.set(slice, members);
  }
  const rest = [...wanted.values()];
  for (const members of kept.values()) {
    members.push(...rest.splice(0, endpointsPerSlice - members.length));
  }
  return { kept, rest };
}

function labelsFor(service: Service): Record<string, string> {
  return {
    ...service.metadata?.labels,
    [serviceNameLabel]: service.metadata?.name ?? '',
    [managedByLabel]: managedBy,
    ...(isHeadless(service) && { [headlessLabel]: '' }),
  };
}

function withLabels(slice: EndpointSlice, service: Service): EndpointSlice {
  return { ...slice, metadata: { ...slice.metadata, labels: labelsFor(service) } };
}

/** Named after what it holds and not at random: written twice from an old cache it is one slice. */
function newSlice(
  service: Service,
  ports: readonly EndpointPort[],
  endpoints: readonly Endpoint[],
  taken: Set<string>,
): EndpointSlice {
  const { name = '', namespace, uid } = service.metadata ?? {};
  let sliceName: string;
  let index = 0;
  do {
    const seed = { uid, ports: portsKey(ports), index: index++ };
    sliceName = `${name}-${podTemplateHash(seed).slice(0, 5)}`;
  } while (taken.has(sliceName));
  taken.add(sliceName);
  const slice: EndpointSlice = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: sliceName,
      ...(namespace !== undefined && { namespace }),
      ownerReferences: [newControllerRef(service, { ...refs.services, kind: 'Service' })],
    },
    addressType: 'IPv4',
    endpoints: [...endpoints],
    ports: [...ports],
  };
  return withLabels(slice, service);
}
