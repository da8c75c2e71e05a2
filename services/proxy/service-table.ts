import type { Endpoint, EndpointSlice, Service } from '#shared/api';

/** `address:port` of a pod. */
export type Target = string;

/** One port of one Service: where it listens and whom it leads to. */
export interface ServicePortEntry {
  readonly host: string;
  readonly port: number;
  /** For people: `namespace/name:port name`. */
  readonly title: string;
  /** In a fixed order, so that turns are kept while nothing changes. */
  readonly targets: readonly Target[];
  /** Set: a client address stays with its endpoint for this long after its last connection. */
  readonly affinityMs: number | undefined;
}

/** Where node ports are listened on: who wants them reached from elsewhere puts a door before them. */
const nodeHost = '127.0.0.1';

const affinityDefaultSeconds = 10_800;

/** What should be listened on, by `address:port`: a function of Services and EndpointSlices. */
export function serviceTable(
  services: readonly Service[],
  slicesOf: (service: Service) => readonly EndpointSlice[],
): Map<string, ServicePortEntry> {
  const table = new Map<string, ServicePortEntry>();
  for (const service of services) {
    const {
      clusterIP,
      ports = [],
      sessionAffinity,
      sessionAffinityConfig,
      type,
    } = service.spec ?? {};
    if (!clusterIP || clusterIP === 'None' || type === 'ExternalName') continue;
    const slices = slicesOf(service);
    const { timeoutSeconds = affinityDefaultSeconds } = sessionAffinityConfig?.clientIP ?? {};
    for (const { port, nodePort, name = '', protocol = 'TCP' } of ports) {
      if (protocol !== 'TCP') continue;
      const { name: serviceName, namespace } = service.metadata ?? {};
      const entry = {
        targets: targetsOf(slices, name),
        title: `${namespace}/${serviceName}${name && `:${name}`}`,
        affinityMs: sessionAffinity === 'ClientIP' ? timeoutSeconds * 1000 : undefined,
      };
      table.set(`${clusterIP}:${port}`, { ...entry, host: clusterIP, port });
      if (nodePort)
        table.set(`${nodeHost}:${nodePort}`, { ...entry, host: nodeHost, port: nodePort });
    }
  }
  return table;
}

/**
 * The ready endpoints of a port; where there is none, those that terminate and still serve, as
 * kube-proxy does it: better an answer from a pod on its way out than none.
 */
function targetsOf(slices: readonly EndpointSlice[], portName: string): Target[] {
  const ready = new Set<Target>();
  const serving = new Set<Target>();
  for (const { endpoints = [], ports = [] } of slices) {
    const port = ports.find(
      ({ name = '', protocol = 'TCP' }) => name === portName && protocol === 'TCP',
    )?.port;
    if (port === undefined) continue;
    for (const { addresses, conditions = {} } of endpoints as readonly Endpoint[]) {
      const [address] = addresses;
      if (address === undefined) continue;
      if (conditions.ready !== false) ready.add(`${address}:${port}`);
      else if (conditions.serving && conditions.terminating) serving.add(`${address}:${port}`);
    }
  }
  return [...(ready.size > 0 ? ready : serving)].sort();
}
