import {
  isPodTerminal,
  newControllerRef,
  objectKey,
  type PersistentVolumeClaim,
  type Pod,
  refs,
} from '#shared/api';
import { QuorateError } from '#shared/base';
import {
  type Controller,
  type ControllerContext,
  controllerQueue,
  queuedController,
} from '../controller.ts';

/** Makes the claims of pods' ephemeral volumes; they are the pod's own, and go with it. */
export function ephemeralVolumes(context: ControllerContext): Controller {
  const { api, informers } = context;
  const queue = controllerQueue(context, 'ephemeral-volume');
  const claims = informers.of<PersistentVolumeClaim>(refs.persistentVolumeClaims);
  const seen = (pod: Pod): void => {
    if ((pod.spec?.volumes ?? []).some(({ ephemeral }) => ephemeral)) queue.add(objectKey(pod));
  };
  informers.pods.addHandlers({ added: seen, updated: (_before, after) => seen(after) });
  return queuedController('ephemeral-volume', queue, async (key) => {
    const pod = informers.pods.store.get(key);
    if (!pod || pod.metadata?.deletionTimestamp !== undefined || isPodTerminal(pod)) return;
    for (const claim of claimsOf(pod)) {
      if (claims.store.get(objectKey(claim))) continue;
      await api.create(refs.persistentVolumeClaims, claim).catch((thrown: unknown) => {
        if (!QuorateError.is(thrown, 'already-exists')) throw thrown;
      });
    }
  });
}

function claimsOf(pod: Pod): PersistentVolumeClaim[] {
  const { name: podName = '', namespace } = pod.metadata ?? {};
  return (pod.spec?.volumes ?? []).flatMap(({ name, ephemeral }) => {
    const template = ephemeral?.volumeClaimTemplate;
    if (!template) return [];
    const metadata = {
      ...template.metadata,
      name: `${podName}-${name}`,
      ...(namespace !== undefined && { namespace }),
      ownerReferences: [newControllerRef(pod, { ...refs.pods, kind: 'Pod' })],
    };
    const kind = { apiVersion: 'v1', kind: 'PersistentVolumeClaim' } as const;
    return [{ ...kind, metadata, spec: template.spec }];
  });
}
