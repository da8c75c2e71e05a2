import {
  type KubeObject,
  type Node,
  type Pod,
  refs,
  type ResourceRef,
  type Taint,
} from '#shared/api';
import { QuorateError } from '#shared/base';
import type { ApiClient, DeleteOptions } from '#shared/client';
import { Dice } from './dice.ts';

/** What a user does to one object, whatever it is for. */
export class Kubectl {
  readonly #api: ApiClient;

  constructor(api: ApiClient) {
    this.#api = api;
  }

  /** Read, change, write: as of `kubectl apply` on the client's side. */
  async apply(ref: ResourceRef, object: KubeObject, namespace: string): Promise<void> {
    const name = object.metadata?.name ?? '';
    try {
      const before = await this.#api.get(ref, name, namespace);
      const { resourceVersion } = before.metadata ?? {};
      const metadata = { ...before.metadata, ...object.metadata, resourceVersion };
      // Addresses of Services are given once.
      const spec = { ...specOf(ref === refs.services ? before : {}), ...specOf(object) };
      await this.#api.update(ref, { ...object, metadata, spec } as KubeObject, { namespace });
    } catch (thrown) {
      if (!QuorateError.is(thrown, 'not-found')) throw thrown;
      await this.#api.create(ref, object, { namespace });
    }
  }

  async findOrCreate(ref: ResourceRef, object: KubeObject, namespace: string) {
    try {
      return await this.#api.get(ref, object.metadata?.name ?? '', namespace);
    } catch (thrown) {
      if (!QuorateError.is(thrown, 'not-found')) throw thrown;
      return await this.#api.create(ref, object, { namespace });
    }
  }

  /** One of those that are there. */
  async any<T extends KubeObject>(ref: ResourceRef, pick: number, namespace: string) {
    const { items } = await this.#api.list<T>(ref, { namespace });
    return items[pick % Math.max(1, items.length)];
  }

  async delete(ref: ResourceRef, name: string, namespace: string, options: DeleteOptions = {}) {
    await this.#api.delete(ref, name, { namespace, ...options });
  }

  async deleteAny(ref: ResourceRef, pick: number, namespace: string, options?: DeleteOptions) {
    const object = await this.any(ref, pick, namespace);
    if (object) await this.delete(ref, object.metadata?.name ?? '', namespace, options);
    return object;
  }

  /** A pod, in another time than its own, and again with another one: sooner counts. */
  async deleteTwice(pick: number, namespace: string, sleep: (ms: number) => Promise<void>) {
    const dice = new Dice(pick);
    const gracePeriodSeconds = (): number => 1 + dice.int(9);
    const first = { gracePeriodSeconds: gracePeriodSeconds() };
    const pod = await this.deleteAny(refs.pods, pick, namespace, first);
    const { name = '', uid = '' } = pod?.metadata ?? {};
    if (!pod || dice.int(3) === 0) return;
    await sleep(dice.int(1_000));
    await this.delete(refs.pods, name, namespace, {
      uid,
      gracePeriodSeconds: gracePeriodSeconds(),
    });
  }

  async cordon(node: string, unschedulable: boolean): Promise<void> {
    const patch = { spec: { unschedulable: unschedulable ? true : null } };
    await this.#api.patch<Node>(refs.nodes, node, 'merge', patch);
  }

  /** `null` takes the label away. */
  async label(node: string, key: string, value: string | null | undefined): Promise<void> {
    await this.#api.patch<Node>(refs.nodes, node, 'merge', {
      metadata: { labels: { [key]: value } },
    });
  }

  async taint(node: string, key: string, effect: string): Promise<void> {
    await this.#changeTaints(node, (taints) => [
      ...taints.filter((taint) => taint.key !== key),
      { key, effect },
    ]);
  }

  /** `effect`: only of that one. */
  async untaint(node: string, key: string, effect?: string): Promise<void> {
    const goes = (taint: Taint): boolean =>
      taint.key === key && (effect ?? taint.effect) === taint.effect;
    await this.#changeTaints(node, (taints) => taints.filter((taint) => !goes(taint)));
  }

  async #changeTaints(
    node: string,
    change: (taints: readonly Taint[]) => readonly Taint[],
  ): Promise<void> {
    const { metadata, spec } = await this.#api.get<Node>(refs.nodes, node);
    const taints = change(spec?.taints ?? []);
    const { resourceVersion } = metadata ?? {};
    const patch = { metadata: { resourceVersion }, spec: { taints } };
    await this.#api.patch<Node>(refs.nodes, node, 'merge', patch);
  }

  async evict(pod: Pod): Promise<void> {
    const { name = '', namespace = '' } = pod.metadata ?? {};
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } };
    await this.#api.createSubresource(refs.pods, name, 'eviction', eviction, { namespace });
  }

  /** No CronJob makes another Job. */
  async rest(namespace: string): Promise<void> {
    const { items } = await this.#api.list(refs.cronJobs, { namespace });
    const patch = { spec: { suspend: true } };
    for (const { metadata } of items)
      await this.#api.patch(refs.cronJobs, metadata?.name ?? '', 'merge', patch, { namespace });
  }

  /** Pods that are held back get their nodes. */
  async release(namespace: string): Promise<void> {
    const { items } = await this.#api.list<Pod>(refs.pods, { namespace });
    for (const { metadata, spec } of items) {
      if (!spec?.schedulingGates?.length) continue;
      const patch = { spec: { schedulingGates: [] } };
      await this.#api.patch(refs.pods, metadata?.name ?? '', 'merge', patch, { namespace });
    }
  }

  /** As far as budgets allow. */
  async drain(node: string): Promise<void> {
    await this.cordon(node, true);
    const fieldSelector = `spec.nodeName=${node}`;
    const { items } = await this.#api.list<Pod>(refs.pods, { fieldSelector });
    for (const pod of items) await this.evict(pod);
  }
}

const specOf = (object: KubeObject): object => (object as { readonly spec?: object }).spec ?? {};
