import {
  compareQuantities,
  objectKey,
  parseQuantity,
  type Node,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  refs,
  type ResourceRef,
  type StorageClass,
  volumeAllowsNode,
  volumeAnnotations,
} from '#shared/api';
import { QuorateError } from '#shared/base';
import { type ApiClient, createInformer, type Informer } from '#shared/client';
import type { Clock } from '#shared/clock';
import type { Logger } from '#shared/runtime';
import { type Choice, type PodClaims, podClaims, volumesOn } from './pod-claims.ts';

export interface VolumeBinderOptions {
  readonly api: ApiClient;
  readonly clock: Clock;
  readonly log: Logger;
  /** Something that volumes decide has changed. */
  readonly changed: () => void;
}

/** Kubernetes' bindTimeoutSeconds. */
const bindTimeoutMs = 600_000;

/** Knows claims, volumes and classes, and sees to it that a pod's claims have volumes on its node. */
export class VolumeBinder {
  readonly #options: VolumeBinderOptions;
  readonly #claims: Informer<PersistentVolumeClaim>;
  readonly #volumes: Informer<PersistentVolume>;
  readonly #classes: Informer<StorageClass>;
  /** By name: volumes that are being given to a claim, until that is seen. */
  readonly #given = new Set<string>();
  readonly #waiting = new Set<() => void>();

  constructor(options: VolumeBinderOptions) {
    this.#options = options;
    this.#claims = this.#informer(refs.persistentVolumeClaims);
    this.#volumes = this.#informer(refs.persistentVolumes);
    this.#classes = this.#informer(refs.storageClasses);
  }

  async start(): Promise<void> {
    const informers = [this.#claims, this.#volumes, this.#classes];
    for (const informer of informers) informer.start();
    await Promise.all(informers.map(({ synced }) => synced));
  }

  async stop(): Promise<void> {
    for (const wake of this.#waiting) wake();
    const informers = [this.#claims, this.#volumes, this.#classes];
    await Promise.all(informers.map((informer) => informer.stop()));
  }

  claimsOf(pod: Pod): PodClaims {
    return podClaims(pod, {
      claim: (namespace, name) => this.#claims.store.get(`${namespace}/${name}`),
      volume: (name) => this.#volumes.store.get(name),
      storageClass: (name) => this.#classes.store.get(name),
      free: () => this.#free(),
    });
  }

  /** Takes what the pod's claims get on the node out of what others may get. */
  reserve({ waiting }: PodClaims, node: Node): Choice[] {
    const choices = volumesOn(waiting, node) ?? [];
    for (const { volume } of choices) if (volume) this.#given.add(nameOf(volume));
    return choices;
  }

  /**
   * Has the claims bound as they were promised; resolves when they are. Throws where that does not
   * happen: another pod may have had one of them bound elsewhere. Also when `wanted` says that nobody waits for it any
   * more.
   */
  async bind(choices: readonly Choice[], node: Node, wanted: () => boolean): Promise<void> {
    if (choices.length === 0) return;
    const { clock } = this.#options;
    try {
      const asked: PersistentVolumeClaim[] = [];
      for (const choice of choices) asked.push(await this.#ask(choice, node.metadata?.name ?? ''));
      const until = clock.monotonic() + bindTimeoutMs;
      while (!asked.every((claim) => this.#isBound(claim, node))) {
        if (!wanted()) throw new QuorateError('canceled', 'the pod is gone');
        if (clock.monotonic() > until) {
          throw new QuorateError('deadline-exceeded', 'timed out waiting for volumes to be bound');
        }
        await this.#change();
      }
    } finally {
      for (const { volume } of choices) if (volume) this.#given.delete(nameOf(volume));
    }
  }

  /** The smallest first. */
  #free(): PersistentVolume[] {
    const size = ({ spec }: PersistentVolume) => parseQuantity(spec?.capacity?.['storage'] ?? '0');
    return this.#volumes.store
      .list()
      .filter((volume) => !this.#given.has(nameOf(volume)))
      .toSorted((a, b) => compareQuantities(size(a), size(b)));
  }

  /** Gives the claim as it is afterwards. */
  async #ask({ claim, volume }: Choice, node: string): Promise<PersistentVolumeClaim> {
    const { api } = this.#options;
    const { name = '', namespace, uid, resourceVersion = '' } = claim.metadata ?? {};
    if (!volume) {
      const annotations = { [volumeAnnotations.selectedNode]: node };
      // Of this version: what somebody else has chosen meanwhile stays chosen.
      const patch = { metadata: { resourceVersion, annotations } };
      return await api.patch(refs.persistentVolumeClaims, name, 'merge', patch, { namespace });
    }
    if (volume.spec?.claimRef?.uid === uid) return claim;
    const claimRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name, namespace, uid };
    const annotations = {
      ...volume.metadata?.annotations,
      [volumeAnnotations.boundByController]: 'yes',
    };
    await api.update(refs.persistentVolumes, {
      ...volume,
      metadata: { ...volume.metadata, annotations },
      spec: { ...volume.spec, claimRef },
    } as PersistentVolume);
    return claim;
  }

  /** Throws where that can no more be on this node. */
  #isBound(claim: PersistentVolumeClaim, node: Node): boolean {
    const { name, uid } = claim.metadata ?? {};
    const now = this.#claims.store.get(objectKey(claim));
    if (!now || now.metadata?.uid !== uid) {
      throw new QuorateError('canceled', `persistentvolumeclaim "${name}" is gone`);
    }
    const {
      [volumeAnnotations.bindCompleted]: completed,
      [volumeAnnotations.selectedNode]: chosen,
    } = now.metadata?.annotations ?? {};
    const elsewhere = chosen !== undefined && chosen !== node.metadata?.name;
    const wasChosen = claim.metadata?.annotations?.[volumeAnnotations.selectedNode] !== undefined;
    if (wasChosen && chosen === undefined && !isOlder(now, claim)) {
      throw new QuorateError(
        'canceled',
        `the node chosen for persistentvolumeclaim "${name}" is gone`,
      );
    }
    if (completed === undefined && !elsewhere) return false;
    const volume = this.#volumes.store.get(now.spec?.volumeName ?? '');
    if (completed !== undefined && !volume) return false;
    if (volume ? !volumeAllowsNode(volume, node) : elsewhere) {
      throw new QuorateError('conflict', `persistentvolumeclaim "${name}" is bound elsewhere`);
    }
    return completed !== undefined;
  }

  /** Something changed, or a moment has passed. */
  async #change(): Promise<void> {
    const over = new AbortController();
    const wake = (): void => over.abort();
    this.#waiting.add(wake);
    await this.#options.clock.sleep(lookMs, over.signal).catch(() => undefined);
    this.#waiting.delete(wake);
  }

  #informer<T extends PersistentVolume | PersistentVolumeClaim | StorageClass>(
    ref: ResourceRef,
  ): Informer<T> {
    const { api, clock, log } = this.#options;
    const tell = (): void => {
      for (const wake of this.#waiting) wake();
      this.#options.changed();
    };
    const handlers = { added: tell, updated: tell, deleted: tell };
    return createInformer<T>(api, ref, { clock, log, handlers });
  }
}

const lookMs = 1_000;

/** What an informer has may be from before a write. */
const isOlder = (a: PersistentVolumeClaim, b: PersistentVolumeClaim): boolean =>
  BigInt(a.metadata?.resourceVersion ?? 0) < BigInt(b.metadata?.resourceVersion ?? 0);

const nameOf = ({ metadata }: PersistentVolume): string => metadata?.name ?? '';
