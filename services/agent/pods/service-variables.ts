import type { Service } from '#shared/api';

/** The Service by which pods reach the API; every pod hears of it. */
const apiService = 'kubernetes';

/**
 * `HELLO_SERVICE_HOST` and what else a container is told of the Services of its namespace, in the forms
 * of Kubernetes and, older still, of Docker's links. Without `links` only the API's own is named.
 */
export function serviceVariables(
  services: readonly Service[],
  namespace: string,
  links: boolean,
): Record<string, string> {
  const variables: Record<string, string> = {};
  const named = (service: Service): string => service.metadata?.name ?? '';
  const isApi = ({ metadata }: Service): boolean =>
    metadata?.namespace === 'default' && metadata.name === apiService;
  const told = services.filter(
    (service) => isApi(service) || (links && service.metadata?.namespace === namespace),
  );
  // A namespace's own Service of that name comes last, and counts.
  const inOrder = told.toSorted((a, b) => Number(isApi(b)) - Number(isApi(a)));
  for (const service of inOrder) {
    const { clusterIP, ports = [], type } = service.spec ?? {};
    if (!clusterIP || clusterIP === 'None' || type === 'ExternalName' || !ports[0]) continue;
    const prefix = variableName(named(service));
    variables[`${prefix}_SERVICE_HOST`] = clusterIP;
    variables[`${prefix}_SERVICE_PORT`] = String(ports[0].port);
    variables[`${prefix}_PORT`] = urlOf(clusterIP, ports[0]);
    for (const port of ports) {
      if (port.name)
        variables[`${prefix}_SERVICE_PORT_${variableName(port.name)}`] = `${port.port}`;
      Object.assign(variables, linkOf(prefix, clusterIP, port));
    }
  }
  return variables;
}

interface Port {
  readonly port: number;
  readonly protocol?: string;
}

const urlOf = (ip: string, { port, protocol = 'TCP' }: Port): string =>
  `${protocol.toLowerCase()}://${ip}:${port}`;

function linkOf(prefix: string, ip: string, port: Port): Record<string, string> {
  const protocol = port.protocol ?? 'TCP';
  const link = `${prefix}_PORT_${port.port}_${protocol}`;
  return {
    [link]: urlOf(ip, port),
    [`${link}_PROTO`]: protocol.toLowerCase(),
    [`${link}_PORT`]: String(port.port),
    [`${link}_ADDR`]: ip,
  };
}

const variableName = (name: string): string => name.toUpperCase().replaceAll('-', '_');
