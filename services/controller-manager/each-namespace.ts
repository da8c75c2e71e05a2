import { type KubeObject, type Namespace, objectKey, type ResourceRef } from '#shared/api';
import { QuorateError } from '#shared/base';
import type { Informer } from '#shared/client';
import {
  type Controller,
  type ControllerContext,
  controllerQueue,
  queuedController,
} from './controller.ts';

/** One object that every namespace has, for as long as it is not being deleted. */
export interface NamespaceObject<T extends KubeObject> {
  readonly controller: string;
  readonly ref: ResourceRef;
  readonly name: string;
  /** As it is to be made. */
  readonly wanted: T;
  /** What is to be written where it is there and not as it should be; absent: it may be anything. */
  readonly mend?: (there: T) => T | undefined;
}

/** Sees to it that every namespace has its object, also after somebody deleted it. */
export function inEachNamespace<T extends KubeObject>(
  context: ControllerContext,
  what: NamespaceObject<T>,
): Controller {
  const { informers } = context;
  const { controller, name } = what;
  const objects = informers.of<T>(what.ref);
  const queue = controllerQueue(context, controller);
  const byNamespace = (namespace: Namespace): void => queue.add(objectKey(namespace));
  const byObject = ({ metadata }: T): void => {
    if (metadata?.name === name && metadata.namespace) queue.add(metadata.namespace);
  };
  informers.namespaces.addHandlers({
    added: byNamespace,
    updated: (_before, after) => byNamespace(after),
  });
  objects.addHandlers({ updated: (_before, after) => byObject(after), deleted: byObject });
  return queuedController(controller, queue, (key) => reconcile(context, objects, what, key));
}

async function reconcile<T extends KubeObject>(
  { api, informers }: ControllerContext,
  objects: Informer<T>,
  { ref, name, wanted, mend }: NamespaceObject<T>,
  key: string,
): Promise<undefined> {
  const namespace = informers.namespaces.store.get(key);
  if (!namespace || namespace.metadata?.deletionTimestamp !== undefined) return undefined;
  const there = objects.store.get(`${key}/${name}`);
  const mended = there && mend?.(there);
  if (there && !mended) return undefined;
  try {
    if (mended) await api.update(ref, mended);
    else await api.create(ref, { ...wanted, metadata: { name, namespace: key } });
  } catch (thrown) {
    // Somebody else was faster, or the namespace is gone. What a quota forbids is tried again, as there may be room later.
    if (!QuorateError.is(thrown, 'already-exists', 'not-found')) throw thrown;
  }
  return undefined;
}
