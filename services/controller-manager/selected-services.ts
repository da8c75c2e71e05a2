import { equalJson, objectKey, type Pod } from '#shared/api';
import type { WorkQueue } from '#shared/client';
import type { ControllerContext } from './controller.ts';
import { isSelecting, selects } from './endpointslice/endpoints.ts';

/** Queues each Service that changed, or whose pods did: those it selects, and those it did until now. */
export function queueSelectedServices({ informers }: ControllerContext, queue: WorkQueue): void {
  const enqueueServices = (pod: Pod): void => {
    for (const service of informers.services.store.list(pod.metadata?.namespace)) {
      if (isSelecting(service) && selects(service, pod)) queue.add(objectKey(service));
    }
  };
  informers.services.addHandlers({
    added: (service) => queue.add(objectKey(service)),
    updated: (_before, after) => queue.add(objectKey(after)),
    deleted: (service) => queue.add(objectKey(service)),
  });
  informers.pods.addHandlers({
    added: enqueueServices,
    updated(before, after) {
      if (!equalJson(before.metadata?.labels, after.metadata?.labels)) enqueueServices(before);
      enqueueServices(after);
    },
    deleted: enqueueServices,
  });
}
