import {
  type Endpoint,
  type EndpointSlice,
  isPodReady,
  isPodTerminal,
  type Pod,
  type Service,
} from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { isGoing, uidOf } from './metadata.ts';
import type { Change, ObjectHistory } from './objects.ts';

export const serviceName = 'kubernetes.io/service-name';

/**
 * Endpoints are pods that whoever writes them may have seen, all of them at one moment: selected by their Service,
 * not ended, and serving or on their way out as is said of them.
 */
export class EndpointSources implements Checker {
  readonly name = 'sources of endpoints';
  readonly #objects: ObjectHistory;
  readonly #patienceMs: number;

  /** What was that long ago is known to all who work. */
  constructor(objects: ObjectHistory, patienceMs: number) {
    this.#objects = objects;
    this.#patienceMs = patienceMs;
  }

  changed({ resource, key, atMs, revision, before, after }: Change): void {
    if (resource !== 'discovery.k8s.io/endpointslices' || !after) return;
    const slice = after as EndpointSlice;
    const last = before as EndpointSlice | undefined;
    if (JSON.stringify(slice.endpoints) === JSON.stringify(last?.endpoints)) return;
    const { namespace = '', labels } = slice.metadata ?? {};
    // API servers write down themselves where they are.
    if (labels?.[serviceName] === 'kubernetes') return;
    const sinceMs = atMs - this.#patienceMs;
    const services = new Set<Service>();
    for (const view of this.#objects.views<Service>('services', namespace, sinceMs)) {
      const service = view.get(labels?.[serviceName] ?? '');
      if (service) services.add(service);
    }
    for (const pods of this.#objects.views<Pod>('pods', namespace, sinceMs)) {
      if ([...services].some((service) => isTold(service, slice, pods))) return;
    }
    const names = slice.endpoints.map(
      ({ targetRef, conditions }) => `${targetRef?.name} ${JSON.stringify(conditions)}`,
    );
    throw new BrokenPromise(
      `${key} has ${names.join()} at revision ${revision}, which was never so`,
    );
  }
}

const isTold = (
  service: Service,
  { endpoints, ports }: EndpointSlice,
  pods: ReadonlyMap<string, Pod>,
): boolean =>
  endpoints.every((endpoint) => {
    const pod = pods.get(endpoint.targetRef?.name ?? '');
    return (
      pod !== undefined &&
      isSource(service, pod, endpoint) &&
      portsOf(service, pod).join() === (ports ?? []).map(({ port }) => port).join()
    );
  });

function isSource(service: Service, pod: Pod, { addresses, conditions, targetRef }: Endpoint) {
  const serves = isPodReady(pod);
  const isWanted = service.spec?.publishNotReadyAddresses === true || (serves && !isGoing(pod));
  return (
    targetRef?.uid === uidOf(pod) &&
    addresses.join() === pod.status?.podIP &&
    !isPodTerminal(pod) &&
    selects(service, pod) &&
    conditions?.serving === serves &&
    conditions.terminating === isGoing(pod) &&
    conditions.ready === isWanted
  );
}

/** One that selects nothing has endpoints from elsewhere. */
export function selects({ spec }: Service, { metadata }: Pod): boolean {
  const wanted = Object.entries(spec?.selector ?? {});
  return wanted.length > 0 && wanted.every(([label, is]) => metadata?.labels?.[label] === is);
}

/** Of the pod, in the Service's order; a name that it has not is left out. */
export function portsOf({ spec }: Service, pod: Pod): number[] {
  const named = (pod.spec?.containers ?? []).flatMap(({ ports = [] }) => ports);
  return (spec?.ports ?? []).flatMap(({ port, targetPort = port }) => {
    const number =
      typeof targetPort === 'number'
        ? targetPort
        : named.find(({ name }) => name === targetPort)?.containerPort;
    return number === undefined ? [] : [number];
  });
}
