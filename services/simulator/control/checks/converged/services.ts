import {
  type Endpoints,
  type EndpointSlice,
  isPodReady,
  isPodTerminal,
  type Pod,
  type Service,
} from '#shared/api';
import { isGoing, uidOf } from '../metadata.ts';
import type { ObjectHistory } from '../objects.ts';
import { each, type Look } from './reality.ts';

const serviceName = 'kubernetes.io/service-name';

/** A Service's endpoints are the pods that it selects, as they are. */
const endpoints = each<Service>('services', (service, { objects }) => {
  if (Object.keys(service.spec?.selector ?? {}).length === 0) return '';
  const wanted = [...wantedOf(service, objects)].sort().join();
  const { name, namespace } = service.metadata ?? {};
  const slices = objects
    .all<EndpointSlice>('discovery.k8s.io/endpointslices')
    .filter(
      ({ metadata }) =>
        metadata?.namespace === namespace && metadata?.labels?.[serviceName] === name,
    );
  const told = slices.flatMap(({ endpoints: all, ports }) =>
    all
      .filter(({ conditions }) => conditions?.ready !== false)
      .flatMap(({ addresses }) =>
        addresses.flatMap((ip) => (ports ?? []).map((one) => `${ip}:${one.port}`)),
      ),
  );
  if (told.toSorted().join() !== wanted)
    return `has endpoints [${told.toSorted().join()}], ready are [${wanted}]`;
  return sameEndpoints(service, objects, wanted);
});

function* wantedOf({ spec, metadata }: Service, objects: ObjectHistory): Generator<string> {
  const selector = Object.entries(spec?.selector ?? {});
  for (const pod of objects.all<Pod>('pods')) {
    if (pod.metadata?.namespace !== metadata?.namespace) continue;
    if (!isPodReady(pod) || isPodTerminal(pod) || isGoing(pod)) continue;
    if (!selector.every(([key, value]) => pod.metadata?.labels?.[key] === value)) continue;
    const ports = (pod.spec?.containers ?? []).flatMap(({ ports: own = [] }) => own);
    for (const { port, targetPort = port } of spec?.ports ?? []) {
      const number =
        typeof targetPort === 'number'
          ? targetPort
          : ports.find(({ name }) => name === targetPort)?.containerPort;
      if (number !== undefined) yield `${pod.status?.podIP ?? '?'}:${number}`;
    }
  }
}

/** The older kind says the same. */
function sameEndpoints({ metadata }: Service, objects: ObjectHistory, wanted: string): string {
  const known = objects
    .all<Endpoints>('endpoints')
    .find(
      (one) =>
        one.metadata?.namespace === metadata?.namespace && one.metadata?.name === metadata?.name,
    );
  const told = (known?.subsets ?? []).flatMap(({ addresses = [], ports = [] }) =>
    addresses.flatMap(({ ip }) => ports.map(({ port }) => `${ip}:${port}`)),
  );
  const text = told.sort().join();
  return text === wanted ? '' : `has Endpoints [${text}], ready are [${wanted}]`;
}

const slices = each<EndpointSlice>(
  'discovery.k8s.io/endpointslices',
  ({ metadata, endpoints: all }, { objects }) => {
    const name = metadata?.labels?.[serviceName];
    const service = serviceNamed(name, metadata?.namespace, objects);
    if (!service) return `belongs to no Service (${name})`;
    const pods = new Map(objects.all<Pod>('pods').map((pod) => [uidOf(pod), pod]));
    const ended = all.find(({ targetRef }) => {
      const pod = pods.get(targetRef?.uid ?? '');
      return targetRef?.kind === 'Pod' && (!pod || isPodTerminal(pod));
    });
    return ended ? `still names ${ended.targetRef?.name}, which has ended` : '';
  },
);

const older = each<Endpoints>('endpoints', ({ metadata, subsets }, { objects }) => {
  const { name, namespace } = metadata ?? {};
  if (!serviceNamed(name, namespace, objects)) return 'belongs to no Service';
  const uids = new Set(
    objects
      .all<Pod>('pods')
      .filter((pod) => !isPodTerminal(pod))
      .map(uidOf),
  );
  const ended = (subsets ?? [])
    .flatMap(({ notReadyAddresses = [] }) => notReadyAddresses)
    .find(({ targetRef }) => targetRef?.kind === 'Pod' && !uids.has(targetRef.uid ?? ''));
  return ended ? `still names ${ended.targetRef?.name}, which has ended` : '';
});

const serviceNamed = (
  name: string | undefined,
  namespace: string | undefined,
  objects: ObjectHistory,
): Service | undefined =>
  objects
    .all<Service>('services')
    .find(({ metadata }) => metadata?.namespace === namespace && metadata?.name === name);

export const services: readonly Look[] = [endpoints, slices, older];
