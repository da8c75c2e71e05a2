import {
  type Endpoint,
  type Endpoints,
  equalJson,
  objectKey,
  type Pod,
  refs,
  type Service,
} from '#shared/api';
import type { ReconcileResult } from '#shared/client';
import {
  type Controller,
  type ControllerContext,
  controllerQueue,
  queuedController,
} from '../controller.ts';
import { queueSelectedServices } from '../selected-services.ts';
import { endpointGroups, isSelecting } from '../endpointslice/endpoints.ts';
import { unlessNotFound } from '../not-found.ts';

type Subset = NonNullable<Endpoints['subsets']>[number];

/** Kubernetes says so on the object where there are more. */
const maxAddresses = 1_000;

/** The older form of EndpointSlices: one object for each Service, with its name. */
export function endpointsController(context: ControllerContext): Controller {
  const { informers } = context;
  const queue = controllerQueue(context, 'endpoints');
  const all = informers.of<Endpoints>(refs.endpoints);
  queueSelectedServices(context, queue);
  all.addHandlers({
    // One that was not seen yet when its Service was last looked at.
    added: (endpoints) => queue.add(objectKey(endpoints)),
    updated: (_before, after) => queue.add(objectKey(after)),
    deleted: (endpoints) => queue.add(objectKey(endpoints)),
  });
  return queuedController('endpoints', queue, (key) => reconcile(context, key));
}

async function reconcile(context: ControllerContext, key: string): Promise<ReconcileResult> {
  const { api, informers } = context;
  const service = informers.services.store.get(key);
  const known = informers.of<Endpoints>(refs.endpoints).store.get(key);
  if (!service) {
    if (known && isOurs(known)) await remove(context, known);
    return;
  }
  if (!isSelecting(service) || service.metadata?.deletionTimestamp !== undefined) return;
  const wanted = endpointsFor(service, informers.pods.store.list(service.metadata?.namespace));
  if (!known) {
    await api.create(refs.endpoints, wanted);
    return;
  }
  const same =
    equalJson(known.subsets ?? [], wanted.subsets ?? []) &&
    equalJson(known.metadata?.labels ?? {}, wanted.metadata?.labels ?? {});
  if (same) return;
  const metadata = { ...known.metadata, ...wanted.metadata };
  const { subsets: _, ...kept } = known;
  await api.update(refs.endpoints, {
    ...kept,
    metadata,
    ...(wanted.subsets && { subsets: wanted.subsets }),
  });
}

/** Written by a person where it has no such label; that one stays when its Service goes. */
const managedBy = 'endpoints.kubernetes.io/managed-by';
const isOurs = ({ metadata }: Endpoints): boolean =>
  metadata?.labels?.[managedBy] === 'endpoint-controller';

async function remove({ api }: ControllerContext, { metadata }: Endpoints): Promise<void> {
  const { name = '', namespace, uid } = metadata ?? {};
  await api.delete(refs.endpoints, name, { namespace, uid }).catch(unlessNotFound);
}

function endpointsFor(service: Service, pods: readonly Pod[]): Endpoints {
  const { name = '', namespace, labels } = service.metadata ?? {};
  const subsets = endpointGroups(service, pods).map(({ ports, endpoints }): Subset => {
    const staying = endpoints
      .filter(({ conditions }) => conditions?.terminating !== true)
      .slice(0, maxAddresses);
    const ready = staying.filter(({ conditions }) => conditions?.ready === true);
    const others = staying.filter(({ conditions }) => conditions?.ready !== true);
    return {
      ...(ready.length > 0 && { addresses: ready.map(addressOf) }),
      ...(others.length > 0 && { notReadyAddresses: others.map(addressOf) }),
      ...(ports.length > 0 && {
        ports: ports.map(({ port = 0, name: portName = '', protocol = 'TCP', appProtocol }) => ({
          ...(portName && { name: portName }),
          port,
          protocol,
          ...(appProtocol !== undefined && { appProtocol }),
        })),
      }),
    };
  });
  const filled = subsets.filter(
    ({ addresses, notReadyAddresses }) => addresses ?? notReadyAddresses,
  );
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      labels: { ...labels, [managedBy]: 'endpoint-controller' },
    },
    ...(filled.length > 0 && { subsets: filled }),
  };
}

function addressOf({ addresses, hostname, nodeName, targetRef }: Endpoint) {
  return {
    ip: addresses[0] ?? '',
    ...(hostname !== undefined && { hostname }),
    ...(nodeName !== undefined && { nodeName }),
    ...(targetRef && { targetRef }),
  };
}
