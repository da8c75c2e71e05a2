import { type KindInfo, type Namespace, objectKey, refs } from '#shared/api';
import { QuorateError } from '#shared/base';
import type { ApiClient, ReconcileResult } from '#shared/client';
import {
  type Controller,
  type ControllerContext,
  controllerQueue,
  queuedController,
} from '../controller.ts';
import { unlessNotFound } from '../not-found.ts';

const finalizer = 'kubernetes';
/** Between two looks at a namespace whose pods are still ending. */
const recheckMs = 500;

/** Empties namespaces that are being deleted, then lets them go. */
export function namespaceController(context: ControllerContext): Controller {
  const { informers } = context;
  const queue = controllerQueue(context, 'namespace');
  const enqueue = (namespace: Namespace): void => {
    if (namespace.metadata?.deletionTimestamp !== undefined) queue.add(objectKey(namespace));
  };
  informers.namespaces.addHandlers({
    added: enqueue,
    updated: (_before, after) => enqueue(after),
  });
  return queuedController('namespace', queue, (key) => reconcile(context, key));
}

async function reconcile(context: ControllerContext, name: string): Promise<ReconcileResult> {
  const { api, informers } = context;
  const namespace = informers.namespaces.store.get(name);
  if (namespace?.metadata?.deletionTimestamp === undefined) return undefined;
  const finalizers = namespace.spec?.finalizers ?? [];
  if (!finalizers.includes(finalizer)) return undefined;
  const kinds = (await api.kinds()).filter(isDeletable);
  let remaining = 0;
  for (const kind of kinds) remaining += await deleteAll(api, kind, name);
  if (remaining > 0) return { requeueAfterMs: recheckMs };
  const spec = { ...namespace.spec, finalizers: finalizers.filter((each) => each !== finalizer) };
  await api
    .update(refs.namespaces, { ...namespace, spec }, { subresource: 'finalize' })
    .catch(unlessNotFound);
  return undefined;
}

const isDeletable = ({ namespaced, verbs }: KindInfo): boolean =>
  namespaced && verbs.includes('list') && verbs.includes('delete');

/** How many objects of the kind are still there afterwards. */
async function deleteAll(api: ApiClient, kind: KindInfo, namespace: string): Promise<number> {
  const { items } = await api.list(kind, { namespace });
  let remaining = 0;
  for (const { metadata } of items) {
    if (metadata?.deletionTimestamp !== undefined) {
      remaining++;
      continue;
    }
    try {
      const options = { namespace, propagation: 'background', uid: metadata?.uid } as const;
      const { gone } = await api.delete(kind, metadata?.name ?? '', options);
      if (!gone) remaining++;
    } catch (thrown) {
      if (!QuorateError.is(thrown, 'not-found')) throw thrown;
    }
  }
  return remaining;
}
