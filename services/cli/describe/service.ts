import type { EndpointSlice, Service, ServicePort } from '#shared/api';
import { headSection } from './common.ts';
import { formatSection, mapLines, type Value } from './text.ts';

export function describeService(service: Service, slices: readonly EndpointSlice[]): string {
  const { spec = {} } = service;
  const ports = (spec.ports ?? []).flatMap((port): (readonly [string, Value])[] => [
    ['Port', `${port.name ?? '<unset>'}  ${port.port}/${port.protocol ?? 'TCP'}`],
    ['TargetPort', `${String(port.targetPort ?? port.port)}/${port.protocol ?? 'TCP'}`],
    ...nodePort(port),
    ['Endpoints', endpoints(slices, port.name ?? '')],
  ]);
  return formatSection([
    ...headSection(service),
    ['Selector', mapLines(spec.selector).join(',')],
    ['Type', spec.type ?? 'ClusterIP'],
    ['IP', spec.clusterIP ?? '<none>'],
    ...ports,
    ['Session Affinity', spec.sessionAffinity ?? 'None'],
    ...(spec.externalTrafficPolicy
      ? [['External Traffic Policy', spec.externalTrafficPolicy] as const]
      : []),
  ]);
}

const nodePort = ({ name, nodePort: port, protocol }: ServicePort): [string, Value][] =>
  port ? [['NodePort', `${name ?? '<unset>'}  ${port}/${protocol ?? 'TCP'}`]] : [];

/** kubectl names so many and counts the others. */
const endpointsShownMax = 3;

/** Only those that are ready, as kubectl lists them. */
function endpoints(slices: readonly EndpointSlice[], portName: string): string {
  const addresses = slices.flatMap((slice) => {
    const port = (slice.ports ?? []).find((one) => (one.name ?? '') === portName)?.port;
    return slice.endpoints
      .filter(({ conditions }) => conditions?.ready !== false)
      .flatMap((endpoint) => endpoint.addresses.map((address) => `${address}:${port ?? ''}`));
  });
  const more = addresses.length - endpointsShownMax;
  const shown = addresses.slice(0, endpointsShownMax).join(',') || '<none>';
  return more > 0 ? `${shown} + ${more} more...` : shown;
}
