import { QuorateError } from '#shared/base';
import {
  badRequest,
  type EndpointSlice,
  type Node,
  type Pod,
  refs,
  type Service,
} from '#shared/api';
import type { Rng } from '#shared/base';
import type { KindTable } from '../registry/kinds.ts';
import type { Registry } from '../registry/registry.ts';

/** What stands before `/proxy` in a path: `[<scheme>:]<name>[:<port>]`. */
export interface ProxyName {
  readonly scheme: 'http' | 'https';
  readonly name: string;
  /** A number, or a name that the object has for it; '' where it is not said. */
  readonly port: string;
}

export function parseProxyName(text: string): ProxyName {
  const parts = text.split(':');
  const [first = '', second = '', third = ''] = parts;
  if (parts.length === 1) return { scheme: 'http', name: first, port: '' };
  if (parts.length === 2) return { scheme: 'http', name: first, port: second };
  if (parts.length === 3 && (first === 'http' || first === 'https' || first === '')) {
    return { scheme: first === 'https' ? 'https' : 'http', name: second, port: third };
  }
  throw badRequest(`invalid service request ${JSON.stringify(text)}`);
}

/** One port of one pod. */
export interface Backend {
  readonly namespace: string;
  readonly pod: string;
  readonly port: number;
}

interface BackendDeps {
  readonly registry: Registry;
  readonly kinds: KindTable;
  readonly rng: Rng;
}

const defaultPorts = { http: 80, https: 443 } as const;

/** The node whose agent is meant: no other port of a node is reached. Throws `bad-request`. */
export async function agentOfNode(
  { registry, kinds }: BackendDeps,
  { name, port }: ProxyName,
): Promise<string> {
  const { status }: Node = await registry.get(kinds.builtin(refs.nodes), name);
  const own = status?.daemonEndpoints?.kubeletEndpoint?.Port;
  if (port === '' || port === String(own)) return name;
  throw badRequest(
    `port ${JSON.stringify(port)} of node "${name}": only its agent's (${own}) is reached`,
  );
}

/** The pod itself, at the port asked for or the first that it declares. */
export async function backendOfPod(
  { registry, kinds }: BackendDeps,
  namespace: string,
  { name, port, scheme }: ProxyName,
): Promise<Backend> {
  const { spec }: Pod = await registry.get(kinds.builtin(refs.pods), name, namespace);
  const declared = spec?.containers.flatMap(({ ports = [] }) => ports) ?? [];
  const number =
    port === ''
      ? (declared[0]?.containerPort ?? defaultPorts[scheme])
      : (declared.find((each) => each.name === port)?.containerPort ?? Number(port));
  if (Number.isInteger(number)) return { namespace, pod: name, port: number };
  throw badRequest(`invalid port ${JSON.stringify(port)} of pod ${JSON.stringify(name)}`);
}

/** Any of the pods that answer for a service. Throws `unavailable` where there is none. */
export async function backendOfService(
  { registry, kinds, rng }: BackendDeps,
  namespace: string,
  { name, port }: ProxyName,
): Promise<Backend> {
  const { spec }: Service = await registry.get(kinds.builtin(refs.services), name, namespace);
  const ports = spec?.ports ?? [];
  const wanted =
    port === ''
      ? ports.length === 1
        ? ports[0]
        : ports.find((each) => !each.name)
      : ports.find((each) => each.name === port || String(each.port) === port);
  if (!wanted) {
    throw unavailable(
      `no service port ${JSON.stringify(port)} found for service ${JSON.stringify(name)}`,
    );
  }
  const { items } = await registry.list(kinds.builtin(refs.endpointSlices), {
    namespace,
    labelSelector: `kubernetes.io/service-name=${name}`,
  });
  const backends = (items as EndpointSlice[]).flatMap(({ endpoints, ports: served = [] }) => {
    const number = served.find((each) => (each.name ?? '') === (wanted.name ?? ''))?.port;
    if (number === undefined) return [];
    return endpoints.flatMap(({ conditions, targetRef }): Backend[] => {
      if (conditions?.ready === false || targetRef?.kind !== 'Pod') return [];
      return [{ namespace, pod: targetRef.name ?? '', port: number }];
    });
  });
  const chosen = backends[rng.int(Math.max(backends.length, 1))];
  if (chosen) return chosen;
  throw unavailable(`no endpoints available for service ${JSON.stringify(name)}`);
}

const unavailable = (message: string): QuorateError => new QuorateError('unavailable', message);
