import { type EndpointSlice, refs } from '#shared/api';
import type { ReconcileResult } from '#shared/client';
import {
  type Controller,
  type ControllerContext,
  controllerQueue,
  queuedController,
} from '../controller.ts';
import { queueSelectedServices } from '../selected-services.ts';
import { isSelecting } from './endpoints.ts';
import { managedBy, managedByLabel, planSlices, serviceNameLabel } from './plan.ts';
import { unlessNotFound } from '../not-found.ts';

/** Says for each Service with a selector which pods serve it. */
export function endpointSliceController(context: ControllerContext): Controller {
  const { informers } = context;
  const queue = controllerQueue(context, 'endpointslice');
  const enqueueService = ({ metadata }: EndpointSlice): void => {
    const name = metadata?.labels?.[serviceNameLabel];
    if (name !== undefined) queue.add(`${metadata?.namespace}/${name}`);
  };
  queueSelectedServices(context, queue);
  informers.endpointSlices.addHandlers({
    // One that was not seen yet when its Service was last looked at.
    added: enqueueService,
    updated: (_before, after) => enqueueService(after),
    deleted: enqueueService,
  });
  return queuedController('endpointslice', queue, (key) => reconcile(context, key));
}

async function reconcile(context: ControllerContext, key: string): Promise<ReconcileResult> {
  const { api, informers } = context;
  const service = informers.services.store.get(key);
  // The slices of a Service that is gone go by their owner reference.
  if (!service || !isSelecting(service)) return;
  if (service.metadata?.deletionTimestamp !== undefined) return;
  const { namespace, name } = service.metadata ?? {};
  const slices = informers.endpointSlices.store.list(namespace).filter(({ metadata }) => {
    const labels = metadata?.labels ?? {};
    return labels[serviceNameLabel] === name && labels[managedByLabel] === managedBy;
  });
  const plan = planSlices(service, informers.pods.store.list(namespace), slices);
  for (const slice of plan.creates) await api.create(refs.endpointSlices, slice);
  for (const slice of plan.updates) await api.update(refs.endpointSlices, slice);
  for (const { metadata } of plan.deletes) {
    const { name: sliceName = '', uid } = metadata ?? {};
    await api.delete(refs.endpointSlices, sliceName, { namespace, uid }).catch(unlessNotFound);
  }
}
