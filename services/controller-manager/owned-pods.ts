import {
  getControllerOf,
  isPodActive,
  isPodReady,
  type KubeObject,
  type LabelSelector,
  labelSelectorMatcher,
  newControllerRef,
  objectKey,
  type Pod,
  type PodTemplateSpec,
  refs,
  type ResourceRef,
} from '#shared/api';
import { QuorateError } from '#shared/base';
import type { EventRecorder, Informer, WorkQueue } from '#shared/client';
import type { Clock } from '#shared/clock';
import { claim } from './claim.ts';
import { type ControllerContext, recorderOf } from './controller.ts';
import { Expectations } from './expectations.ts';
import { controlledBy, orphansIn } from './shared-informers.ts';

/** A kind whose objects make pods. */
export interface PodOwner<T extends KubeObject> {
  readonly ref: ResourceRef;
  readonly kind: string;
  /** The events' source. */
  readonly component: string;
  readonly selector: (owner: T) => LabelSelector | undefined;
  readonly minReadySeconds?: (owner: T) => number;
  /** What events say of pods; absent: Kubernetes' words for most kinds. */
  readonly words?: PodWords<T>;
}

interface PodWords<T extends KubeObject> {
  created(pod: string, owner: T): string;
  removed(pod: string, owner: T): string;
  refused(pod: string, owner: T, why: string): string;
}

const commonWords: PodWords<KubeObject> = {
  created: (pod) => `Created pod: ${pod}`,
  removed: (pod) => `Deleted pod: ${pod}`,
  refused: (_pod, _owner, why) => `Error creating: ${why}`,
};

/**
 * The pods of a kind of owners: which events concern which owner, whose pod is whose, and writes
 * that are remembered until the informer has shown them, so that nobody acts on an old cache.
 */
export class OwnedPods<T extends KubeObject> {
  readonly events: EventRecorder;
  readonly #context: ControllerContext;
  readonly #owner: PodOwner<T>;
  readonly #words: PodWords<T>;
  readonly #owners: Informer<T>;
  readonly #queue: WorkQueue;
  readonly #expectations: Expectations;

  constructor(context: ControllerContext, owner: PodOwner<T>, queue: WorkQueue) {
    this.#context = context;
    this.#owner = owner;
    this.#words = owner.words ?? commonWords;
    this.#queue = queue;
    this.#owners = context.informers.of<T>(owner.ref);
    this.#expectations = new Expectations(context.clock);
    this.events = recorderOf(context, owner.component);
    this.#follow();
  }

  /** The owner as the cache has it; forgets what was expected of one that is gone. */
  get(key: string): T | undefined {
    const owner = this.#owners.store.get(key);
    if (!owner) this.#expectations.forget(key);
    return owner;
  }

  /**
   * Whether the cache shows all that was written. To be asked before the pods are read: an event in
   * between makes the cache newer than believed, never older.
   */
  isCurrent(key: string): boolean {
    const { resourceVersion = 0 } = this.#context.informers.pods;
    return this.#expectations.satisfied(key, Number(resourceVersion));
  }

  /** The owner's pods, adopting and releasing by its selector; pods that ended are its own only. */
  claim(owner: T): Promise<Pod[]> {
    const { api, informers } = this.#context;
    const { store } = informers.pods;
    const { ref, kind, selector } = this.#owner;
    return claim<Pod>({
      api,
      owner,
      ownerRef: ref,
      ownerKind: kind,
      selector: selector(owner),
      objectRef: refs.pods,
      candidates: [
        ...controlledBy(store, owner),
        ...orphansIn(store, owner.metadata?.namespace).filter(isPodActive),
      ],
    });
  }

  /** A pod of a template, with its name or the beginning of one. */
  podOf(owner: T, template: PodTemplateSpec | undefined, name?: string): Pod {
    const { metadata, spec } = template ?? {};
    const { ref, kind } = this.#owner;
    const { name: ownName = '', namespace } = owner.metadata ?? {};
    const { labels, annotations, finalizers } = metadata ?? {};
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        ...(name === undefined ? { generateName: `${ownName}-` } : { name }),
        ...(namespace !== undefined && { namespace }),
        ...(labels && { labels }),
        ...(annotations && { annotations }),
        ...(finalizers && { finalizers }),
        ownerReferences: [newControllerRef(owner, { ...ref, kind })],
      },
      ...(spec && { spec }),
    };
  }

  /** In batches of 1, 2, 4, …: what is refused is refused once, not five hundred times. */
  async create(owner: T, pods: readonly Pod[]): Promise<void> {
    for (let start = 0, batch = 1; start < pods.length; start += batch, batch *= 2) {
      const made = pods.slice(start, start + batch).map((pod) => this.#createOne(owner, pod));
      const results = await Promise.allSettled(made);
      const failed = results.find((result) => result.status === 'rejected');
      if (failed) throw failed.reason;
    }
  }

  /** Those that are gone already are as good as deleted. */
  async remove(owner: T, pods: readonly Pod[]): Promise<void> {
    const uids = pods.map(({ metadata }) => metadata?.uid ?? '');
    this.#expectations.deleting(objectKey(owner), uids);
    const results = await Promise.allSettled(pods.map((pod) => this.#removeOne(owner, pod)));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  }

  async #createOne(owner: T, draft: Pod): Promise<void> {
    try {
      const pod = await this.#context.api.create<Pod>(refs.pods, draft);
      this.#expectations.created(objectKey(owner), pod);
      const message = this.#words.created(pod.metadata?.name ?? '', owner);
      this.events.event(owner, 'Normal', 'SuccessfulCreate', message);
    } catch (thrown) {
      // The pods of a namespace that is being emptied are not missed.
      if (isTerminating(thrown)) return;
      const why = QuorateError.from(thrown).message;
      const message = this.#words.refused(draft.metadata?.name ?? '', owner, why);
      this.events.event(owner, 'Warning', 'FailedCreate', message);
      throw thrown;
    }
  }

  async #removeOne(owner: T, pod: Pod): Promise<void> {
    const { name = '', namespace, uid } = pod.metadata ?? {};
    try {
      await this.#context.api.delete(refs.pods, name, { namespace, uid });
      const message = this.#words.removed(name, owner);
      this.events.event(owner, 'Normal', 'SuccessfulDelete', message);
    } catch (thrown) {
      this.#expectations.deleted(objectKey(owner), uid ?? '');
      if (QuorateError.is(thrown, 'not-found')) return;
      throw thrown;
    }
  }

  #keyOf(pod: Pod): string | undefined {
    const owner = getControllerOf(pod);
    const { kind } = this.#owner;
    return owner?.kind === kind ? `${pod.metadata?.namespace}/${owner.name}` : undefined;
  }

  #enqueueOwner(pod: Pod): void {
    const key = this.#keyOf(pod);
    if (key !== undefined) this.#queue.add(key);
    else if (!getControllerOf(pod)) {
      // Somebody may want to adopt it.
      for (const owner of this.#owners.store.list(pod.metadata?.namespace)) {
        const matcher = labelSelectorMatcher(this.#owner.selector(owner));
        if (matcher.matches(pod.metadata?.labels)) this.#queue.add(objectKey(owner));
      }
    }
  }

  #leaving(pod: Pod): void {
    const key = this.#keyOf(pod);
    if (key !== undefined) this.#expectations.deleted(key, pod.metadata?.uid ?? '');
    this.#enqueueOwner(pod);
  }

  #follow(): void {
    const queue = this.#queue;
    this.#owners.addHandlers({
      added: (owner) => queue.add(objectKey(owner)),
      updated: (_before, after) => queue.add(objectKey(after)),
      deleted: (owner) => {
        this.#expectations.forget(objectKey(owner));
        queue.add(objectKey(owner));
      },
    });
    this.#context.informers.pods.addHandlers({
      added: (pod) => {
        if (pod.metadata?.deletionTimestamp === undefined) this.#enqueueOwner(pod);
        else this.#leaving(pod);
      },
      updated: (before, after) => {
        if (this.#keyOf(before) !== this.#keyOf(after)) this.#enqueueOwner(before);
        if (after.metadata?.deletionTimestamp === undefined) this.#enqueueOwner(after);
        else this.#leaving(after);
        this.#enqueueWhenAvailable(before, after);
      },
      deleted: (pod) => this.#leaving(pod),
      listed: () => {
        // Pods that came and went unseen have no events, and their owners wait for them.
        for (const key of this.#expectations.owners()) queue.add(key);
      },
    });
  }

  /** Readiness becomes availability only after minReadySeconds, when no event comes. */
  #enqueueWhenAvailable(before: Pod, after: Pod): void {
    const key = this.#keyOf(after);
    if (key === undefined || isPodReady(before) || !isPodReady(after)) return;
    const owner = this.#owners.store.get(key);
    const seconds = owner ? (this.#owner.minReadySeconds?.(owner) ?? 0) : 0;
    if (seconds > 0) {
      this.#queue.addAfter(key, seconds * 1_000 + msToNextSecond(this.#context.clock));
    }
  }
}

/** Timestamps are in whole seconds: a pod is available that much later than the sum says. */
const msToNextSecond = (clock: Clock): number => 1_000 - (clock.now() % 1_000);

export const isTerminating = (thrown: unknown): boolean =>
  QuorateError.is(thrown, 'forbidden') && thrown.message.includes('it is being terminated');
