import { disruptionTarget, type Pod, type PodDisruptionBudget, refs } from '#shared/api';
import { QuorateError } from '#shared/base';
import { type ApiClient, type EventRecorder, timestamp } from '#shared/client';
import type { Clock } from '#shared/clock';
import type { ClusterCache } from '../cache.ts';
import { summary } from '../failure-text.ts';
import { type PodInfo, uidOf } from '../node-info.ts';
import { chooseVictims } from './choose.ts';

export interface PreemptorOptions {
  readonly api: ApiClient;
  readonly clock: Clock;
  readonly cache: ClusterCache;
  readonly events: EventRecorder;
  readonly schedulerName: string;
}

/** Where room is being made for a pod, or why it is not, for the end of Kubernetes' sentence. */
export type Preemption =
  | { readonly node: string }
  | { readonly node: undefined; readonly why: string };

/** Makes room for pods that fit nowhere, at the cost of pods of lower priority. */
export class Preemptor {
  readonly #options: PreemptorOptions;

  constructor(options: PreemptorOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the victims have been told to go; nobody is where `wanted` says that the pod waits
   * no more. Throws where they could not be told.
   */
  async makeRoom(pod: PodInfo, wanted: () => boolean): Promise<Preemption> {
    const { api, cache } = this.#options;
    const no = (why: string): Preemption => ({ node: undefined, why });
    if (pod.pod.spec?.preemptionPolicy === 'Never') {
      return no('not eligible due to preemptionPolicy=Never.');
    }
    if (cache.awaitsVictims(pod)) {
      return no('not eligible due to a terminating pod on the nominated node.');
    }
    const nodes = cache.nodesFor(pod);
    const anyLower = nodes.some(({ pods }) =>
      [...pods.values()].some(({ priority }) => priority < pod.priority),
    );
    const { items } = anyLower
      ? await api.list<PodDisruptionBudget>(refs.podDisruptionBudgets)
      : { items: [] };
    // The nodes as they are now: others were decided on while the budgets came.
    const now = cache.nodesFor(pod);
    const choice = chooseVictims(pod, now, items);
    if (!wanted()) return no('the pod waits no more.');
    if (!choice.victims) {
      cache.withdraw(pod.pod);
      return no(`0/${now.length} nodes are available: ${summary(choice.reasons)}.`);
    }
    const { node, pods } = choice.victims;
    const outbid = cache.outbid(pod, node);
    cache.nominate(pod, node, pods);
    try {
      await Promise.all(pods.map((victim) => this.#evict(victim, pod, node)));
    } catch (thrown) {
      cache.withdraw(pod.pod);
      throw thrown;
    }
    for (const other of outbid) await this.#withdraw(other);
    return { node };
  }

  /** A pod of lower priority looks for another place. */
  async #withdraw(pod: Pod): Promise<void> {
    const { api, cache } = this.#options;
    const { name = '', namespace } = pod.metadata ?? {};
    cache.withdraw(pod);
    const status = { nominatedNodeName: null };
    const options = { namespace, subresource: 'status' };
    // Where that fails, its own next attempt says it.
    await api.patch(refs.pods, name, 'merge', { status }, options).catch(() => undefined);
  }

  async #evict(victim: PodInfo, preemptor: PodInfo, node: string): Promise<void> {
    const { api, clock, events, schedulerName } = this.#options;
    const { name = '', namespace, uid, deletionTimestamp } = victim.pod.metadata ?? {};
    if (deletionTimestamp !== undefined) return;
    const message = `${schedulerName}: preempting to accommodate a higher priority pod`;
    const condition = disruptionTarget('PreemptionByScheduler', message, timestamp(clock));
    const patch = { metadata: { uid }, status: { conditions: [condition] } };
    try {
      const options = { namespace, subresource: 'status' };
      await api.patch(refs.pods, name, 'strategic', patch, options);
      await api.delete(refs.pods, name, { namespace, uid });
    } catch (thrown) {
      // It has gone by itself.
      if (QuorateError.is(thrown, 'not-found', 'conflict')) return;
      throw thrown;
    }
    const text = `Preempted by pod ${uidOf(preemptor)} on node ${node}`;
    events.event(victim.pod, 'Normal', 'Preempted', text);
  }
}
