import type { Endpoints, EndpointSlice } from '#shared/api';

export const namespace = 'default';
export const serviceName = 'kubernetes';
const portName = 'https';

/** API servers by their ports, which are one for each slice and subset. */
function byPort(addresses: readonly string[]): [port: number, hosts: string[]][] {
  const ports = new Map<number, string[]>();
  for (const address of addresses.toSorted()) {
    const at = address.lastIndexOf(':');
    const port = Number(address.slice(at + 1));
    ports.set(port, [...(ports.get(port) ?? []), address.slice(0, at)]);
  }
  return [...ports].sort(([a], [b]) => a - b);
}

/** The slices of the Service `kubernetes`: one named as it, more where servers differ in their ports. */
export function slicesOf(addresses: readonly string[]): EndpointSlice[] {
  return byPort(addresses).map(([port, hosts], i) => ({
    metadata: {
      name: i === 0 ? serviceName : `${serviceName}-${port}`,
      namespace,
      labels: { 'kubernetes.io/service-name': serviceName },
    },
    addressType: 'IPv4',
    endpoints: hosts.map((host) => ({ addresses: [host], conditions: { ready: true } })),
    ports: [{ name: portName, port, protocol: 'TCP' }],
  }));
}

export function endpointsOf(addresses: readonly string[]): Endpoints {
  return {
    metadata: {
      name: serviceName,
      namespace,
      // Its slices are made beside it, not from it.
      labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' },
    },
    subsets: byPort(addresses).map(([port, hosts]) => ({
      addresses: hosts.map((ip) => ({ ip })),
      ports: [{ name: portName, port, protocol: 'TCP' }],
    })),
  };
}
