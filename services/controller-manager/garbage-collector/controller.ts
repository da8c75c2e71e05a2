import {
  equalJson,
  type KindInfo,
  type KubeObject,
  objectKey,
  type OwnerReference,
  qualifiedResource,
} from '#shared/api';
import { QuorateError } from '#shared/base';
import { listAll, type ReconcileResult, type WorkQueue } from '#shared/client';
import {
  type Controller,
  type ControllerContext,
  controllerQueue,
  queuedController,
} from '../controller.ts';
import { type CollectedKind, CollectedKinds, type Dependent } from './kinds.ts';
import {
  blocks,
  foregroundFinalizer,
  hasFinalizer,
  isDeleting,
  names,
  orphanFinalizer,
  type OwnerState,
  planDependent,
} from './plan.ts';
import { unlessNotFound } from '../not-found.ts';

/** Keys are `<collection>|<namespace/name>`. */
const keyOf = (info: KindInfo, object: KubeObject): string =>
  `${qualifiedResource(info)}|${objectKey(object)}`;

/** Deletes what lost its last owner, and lets owners go that wait for their dependents. */
export function garbageCollector(
  context: ControllerContext,
  kinds: readonly KindInfo[],
): Controller {
  const queue = controllerQueue(context, 'garbage-collector');
  const collected = new CollectedKinds(kinds, context.informers);
  const collector = new Collector(context, collected);
  for (const kind of collected.all()) follow(kind, collected, queue);
  return queuedController('garbage-collector', queue, (key) => collector.reconcile(key));
}

function follow({ info, informer }: CollectedKind, kinds: CollectedKinds, queue: WorkQueue): void {
  const enqueueIfConcerned = (object: KubeObject): void => {
    const owned = (object.metadata?.ownerReferences ?? []).length > 0;
    if (owned || isDeleting(object)) queue.add(keyOf(info, object));
  };
  const enqueueDependents = (object: KubeObject): void => {
    for (const dependent of kinds.dependentsOf(object.metadata?.uid ?? '')) {
      queue.add(keyOf(dependent.kind.info, dependent.object));
    }
  };
  /** An owner that waits looks again when a dependent has gone or no longer names it. */
  const enqueueOwners = (object: KubeObject): void => {
    for (const owner of object.metadata?.ownerReferences ?? []) {
      const kind = kinds.ofOwner(owner);
      if (!kind) continue;
      const namespace = kind.info.namespaced ? object.metadata?.namespace : undefined;
      const metadata = { name: owner.name, ...(namespace !== undefined && { namespace }) };
      const known = kind.informer.store.get(objectKey({ metadata }));
      if (known && isDeleting(known)) queue.add(keyOf(kind.info, known));
    }
  };
  informer.addHandlers({
    added: enqueueIfConcerned,
    updated(before, after) {
      const owners = after.metadata?.ownerReferences;
      const sameOwners = equalJson(before.metadata?.ownerReferences, owners);
      // Most updates, such as a node's every heartbeat, are no concern of ours.
      if (!sameOwners || isDeleting(after)) enqueueIfConcerned(after);
      // Also where somebody asks for another way than whoever deleted it first.
      const anotherWay = isDeleting(before) !== isDeleting(after) || waits(before) !== waits(after);
      if (anotherWay) enqueueDependents(after);
      if (!sameOwners) enqueueOwners(before);
    },
    deleted(object) {
      enqueueDependents(object);
      enqueueOwners(object);
    },
  });
}

class Collector {
  readonly #context: ControllerContext;
  readonly #kinds: CollectedKinds;

  constructor(context: ControllerContext, kinds: CollectedKinds) {
    this.#context = context;
    this.#kinds = kinds;
  }

  async reconcile(key: string): Promise<ReconcileResult> {
    const bar = key.indexOf('|');
    const kind = this.#kinds.of(key.slice(0, bar));
    const object = kind?.informer.store.get(key.slice(bar + 1));
    if (!kind || !object) return;
    try {
      if (!isDeleting(object)) await this.#collect(kind, object);
      else if (hasFinalizer(object, orphanFinalizer)) await this.#orphanDependents(kind, object);
      else if (hasFinalizer(object, foregroundFinalizer)) await this.#awaitDependents(kind, object);
    } catch (thrown) {
      // It is gone already: that is what was wanted.
      if (!QuorateError.is(thrown, 'not-found')) throw thrown;
    }
  }

  async #collect({ info }: CollectedKind, object: KubeObject): Promise<void> {
    const { name = '', namespace, uid = '', resourceVersion = '' } = object.metadata ?? {};
    const states = new Map<string, OwnerState>();
    for (const owner of object.metadata?.ownerReferences ?? []) {
      states.set(owner.uid, await this.#stateOf(owner, namespace));
    }
    const hasDependents = this.#kinds.dependentsOf(uid).length > 0;
    const plan = planDependent(object, states, hasDependents);
    const { api, log } = this.#context;
    if (plan.action === 'unlink') {
      const { ownerReferences } = plan;
      const patch = { metadata: { uid, resourceVersion, ownerReferences } };
      await api.patch(info, name, 'merge', patch, { namespace });
    } else if (plan.action === 'delete') {
      const collection = qualifiedResource(info);
      log.debug({ object: `${collection}/${objectKey(object)}` }, 'collecting');
      const { propagation } = plan;
      // Bound to the version whose owners were looked at: it may have been adopted since.
      await api.delete(info, name, { namespace, uid, resourceVersion, propagation });
    }
  }

  /** The cache can confirm that an owner is there; that it is absent only the server can. */
  async #stateOf(owner: OwnerReference, namespace: string | undefined): Promise<OwnerState> {
    const kind = this.#kinds.ofOwner(owner);
    if (!kind) return 'unknown';
    const place = kind.info.namespaced ? namespace : undefined;
    const metadata = { name: owner.name, ...(place !== undefined && { namespace: place }) };
    const cached = kind.informer.store.get(objectKey({ metadata }));
    if (cached?.metadata?.uid === owner.uid) return stateOfLiving(cached);
    try {
      const live = await this.#context.api.get<KubeObject>(kind.info, owner.name, place);
      return live.metadata?.uid === owner.uid ? stateOfLiving(live) : 'absent';
    } catch (thrown) {
      if (QuorateError.is(thrown, 'not-found')) return 'absent';
      throw thrown;
    }
  }

  /** Foreground deletion: dependents are collected by their own keys; the last that blocks frees it. */
  async #awaitDependents({ info }: CollectedKind, owner: KubeObject): Promise<void> {
    const uid = owner.metadata?.uid ?? '';
    const blocking = this.#kinds.dependentsOf(uid).filter(({ object }) => blocks(object, uid));
    if (blocking.length === 0) await this.#removeFinalizer(info, owner, foregroundFinalizer);
  }

  /** As the server has them: one that the cache did not know yet would lose its owner, and go. */
  async #orphanDependents({ info }: CollectedKind, owner: KubeObject): Promise<void> {
    const ownerUid = owner.metadata?.uid ?? '';
    for (const { kind, object } of await this.#liveDependentsOf(info, owner)) {
      const { name = '', namespace, uid = '', resourceVersion = '' } = object.metadata ?? {};
      const others = (object.metadata?.ownerReferences ?? []).filter(
        (reference) => reference.uid !== ownerUid,
      );
      const patch = { metadata: { uid, resourceVersion, ownerReferences: others } };
      await this.#context.api
        .patch(kind.info, name, 'merge', patch, { namespace })
        .catch(unlessNotFound);
    }
    await this.#removeFinalizer(info, owner, orphanFinalizer);
  }

  async #liveDependentsOf(ownerInfo: KindInfo, owner: KubeObject): Promise<Dependent[]> {
    const { uid = '', namespace } = owner.metadata ?? {};
    // Owners within a namespace have dependents there and nowhere else.
    const kinds = this.#kinds.all().filter((kind) => kind.info.namespaced || !ownerInfo.namespaced);
    const dependents: Dependent[] = [];
    for (const kind of kinds) {
      const { items } = await listAll(this.#context.api, kind.info, { namespace });
      for (const object of items) if (names(object, uid)) dependents.push({ kind, object });
    }
    return dependents;
  }

  async #removeFinalizer(info: KindInfo, owner: KubeObject, finalizer: string): Promise<void> {
    const finalizers = (owner.metadata?.finalizers ?? []).filter((each) => each !== finalizer);
    await this.#context.api.update(info, {
      ...owner,
      metadata: { ...owner.metadata, finalizers },
    });
  }
}

/** For its dependents to go. */
const waits = (owner: KubeObject): boolean =>
  isDeleting(owner) && hasFinalizer(owner, foregroundFinalizer);

const stateOfLiving = (owner: KubeObject): OwnerState => (waits(owner) ? 'waiting' : 'there');
