import {
  type Endpoint,
  type EndpointPort,
  isPodReady,
  isPodTerminal,
  type Pod,
  type Service,
  type ServicePort,
} from '#shared/api';

/** Endpoints that have the same ports. */
export interface EndpointGroup {
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly Endpoint[];
}

export const isHeadless = ({ spec }: Service): boolean => spec?.clusterIP === 'None';

/** A Service whose endpoints are ours to find: others keep theirs by hand, or have none. */
export const isSelecting = ({ spec }: Service): boolean =>
  spec?.type !== 'ExternalName' && Object.keys(spec?.selector ?? {}).length > 0;

export function selects({ spec }: Service, pod: Pod): boolean {
  const labels = pod.metadata?.labels ?? {};
  return Object.entries(spec?.selector ?? {}).every(([key, value]) => labels[key] === value);
}

/** Every pod of the Service with an address, grouped by the ports it serves; sorted by address. */
export function endpointGroups(service: Service, pods: readonly Pod[]): EndpointGroup[] {
  const groups = new Map<string, { ports: EndpointPort[]; endpoints: Endpoint[] }>();
  for (const pod of pods) {
    const { podIP = '' } = pod.status ?? {};
    if (podIP === '' || isPodTerminal(pod) || !selects(service, pod)) continue;
    const ports = portsOf(service, pod);
    if (ports.length === 0 && !isHeadless(service)) continue;
    const key = portsKey(ports);
    const group = groups.get(key) ?? { ports, endpoints: [] };
    groups.set(key, group);
    group.endpoints.push(endpointOf(service, pod, podIP));
  }
  for (const { endpoints } of groups.values()) {
    endpoints.sort((a, b) => (addressOf(a) < addressOf(b) ? -1 : 1));
  }
  return [...groups.values()];
}

export const portsKey = (ports: readonly EndpointPort[] | undefined): string =>
  (ports ?? [])
    .map(({ name = '', protocol = '', port = 0, appProtocol = '' }) =>
      [name, protocol, port, appProtocol].join('/'),
    )
    .sort()
    .join(',');

/** What an endpoint is known by from one slice to the next. */
export const addressOf = ({ addresses, targetRef }: Endpoint): string =>
  `${addresses[0] ?? ''} ${targetRef?.uid ?? ''}`;

function endpointOf(service: Service, pod: Pod, podIP: string): Endpoint {
  const { name = '', namespace = '', uid = '', deletionTimestamp } = pod.metadata ?? {};
  const { nodeName, hostname, subdomain } = pod.spec ?? {};
  const serving = isPodReady(pod);
  const terminating = deletionTimestamp !== undefined;
  const ready = service.spec?.publishNotReadyAddresses === true || (serving && !terminating);
  return {
    addresses: [podIP],
    conditions: { ready, serving, terminating },
    targetRef: { kind: 'Pod', namespace, name, uid },
    ...(nodeName !== undefined && { nodeName }),
    ...(hostname !== undefined && subdomain === service.metadata?.name && { hostname }),
  };
}

/** The Service's target ports on this pod; a name that none of its containers has is left out. */
function portsOf({ spec }: Service, pod: Pod): EndpointPort[] {
  return (spec?.ports ?? []).flatMap((port) => {
    const number = targetPort(port, pod);
    if (number === undefined) return [];
    const { name = '', protocol = 'TCP', appProtocol } = port;
    return [{ name, port: number, protocol, ...(appProtocol !== undefined && { appProtocol }) }];
  });
}

function targetPort({ targetPort, port, protocol = 'TCP' }: ServicePort, pod: Pod) {
  if (typeof targetPort === 'number') return targetPort === 0 ? port : targetPort;
  if (targetPort === undefined || targetPort === '') return port;
  return (pod.spec?.containers ?? [])
    .flatMap(({ ports = [] }) => ports)
    .find((each) => each.name === targetPort && (each.protocol ?? 'TCP') === protocol)
    ?.containerPort;
}
