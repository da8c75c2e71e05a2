import {
  equalJson,
  getCondition,
  isPodTerminal,
  type Node,
  objectKey,
  type Pod,
  type PodCondition,
  refs,
  setCondition,
} from '#shared/api';
import { QuorateError, type Rng } from '#shared/base';
import {
  type ApiClient,
  createEventRecorder,
  createInformer,
  type EventRecorder,
  type Informer,
  timestamp,
} from '#shared/client';
import type { Clock } from '#shared/clock';
import type { Logger } from '#shared/runtime';
import { ClusterCache } from './cache.ts';
import type { SchedulerConfig } from './config.ts';
import { decide, type Verdict } from './decide.ts';
import { failureText } from './failure-text.ts';
import { type PodInfo, podInfo } from './node-info.ts';
import { type Preemption, Preemptor } from './preemption/preemptor.ts';
import { SchedulingQueue, type Turn } from './queue.ts';
import type { Choice } from './volumes/pod-claims.ts';
import { VolumeBinder } from './volumes/volume-binder.ts';

export interface SessionOptions {
  /** Fenced: the writes of a deposed leader are refused. */
  readonly api: ApiClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly rng: Rng;
  readonly config: SchedulerConfig;
}

/** What became of a binding, where nobody has answered. */
const askAgainMs = 500;

/** One term of leading: what it knows starts from nothing and is thrown away at the end. */
export class SchedulingSession {
  readonly #options: SessionOptions;
  readonly #cache = new ClusterCache();
  readonly #queue: SchedulingQueue;
  readonly #events: EventRecorder;
  readonly #pods: Informer<Pod>;
  readonly #nodes: Informer<Node>;
  readonly #volumes: VolumeBinder;
  readonly #preemptor: Preemptor;
  /** Bindings and status writes under way: deciding does not wait for them. */
  readonly #writes = new Set<Promise<void>>();
  /** The lead is lost: what waits for volumes is given up. */
  #over = false;

  constructor(options: SessionOptions) {
    const { api, clock, log, config } = options;
    this.#options = options;
    this.#queue = new SchedulingQueue(clock, config);
    this.#events = createEventRecorder({ ...options, component: config.schedulerName });
    const changed = (): void => this.#queue.happened('volume-changed');
    this.#volumes = new VolumeBinder({ api, clock, log, changed });
    const { schedulerName } = config;
    const cache = this.#cache;
    this.#preemptor = new Preemptor({ api, clock, cache, events: this.#events, schedulerName });
    this.#pods = createInformer<Pod>(api, refs.pods, {
      clock,
      log,
      handlers: {
        added: (pod) => this.#seen(undefined, pod),
        updated: (before, pod) => this.#seen(before, pod),
        deleted: (pod) => this.#gone(pod),
      },
    });
    this.#nodes = createInformer<Node>(api, refs.nodes, {
      clock,
      log,
      handlers: {
        added: (node) => this.#nodeChanged(node),
        updated: (before, node) => this.#nodeChanged(node, before),
        deleted: (node) => {
          this.#cache.removeNode(node.metadata?.name ?? '');
          // Pods are spread over the places that there are: one place less may let one in.
          this.#queue.happened('node-changed');
        },
      },
    });
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#nodes.start();
    this.#pods.start();
    const aborted = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    const synced = [this.#nodes.synced, this.#pods.synced, this.#volumes.start()];
    await Promise.race([Promise.all(synced), aborted]);
    while (!signal.aborted) {
      const turn = await this.#queue.next(signal);
      if (turn) this.#schedule(turn);
    }
    this.#over = true;
    await Promise.all([
      this.#nodes.stop(),
      this.#pods.stop(),
      this.#volumes.stop(),
      ...this.#writes,
    ]);
    await this.#events.flush();
  }

  #seen(before: Pod | undefined, pod: Pod): void {
    const key = objectKey(pod);
    if (pod.spec?.nodeName) {
      this.#queue.remove(key);
      this.#cache.setPod(pod);
      if (isPodTerminal(pod) && !(before && isPodTerminal(before)))
        this.#queue.happened('pod-removed');
      else if (!before?.spec?.nodeName || mayFitNow(before, pod))
        this.#queue.happened('pod-placed');
    } else if (!this.#isOurs(pod)) {
      this.#queue.remove(key);
      if (this.#cache.withdraw(pod)) this.#queue.happened('pod-removed');
    } else if (!this.#cache.assumes(pod) && (!before || mayFitNow(before, pod))) {
      // One that is assumed is being bound, or is bound and not seen so yet.
      const { nominatedNodeName } = pod.status ?? {};
      // By the scheduler that led before.
      if (!before && nominatedNodeName) this.#cache.nominate(podInfo(pod), nominatedNodeName);
      this.#queue.add(key, pod.spec?.priority ?? 0);
    }
  }

  #gone(pod: Pod): void {
    this.#queue.remove(objectKey(pod));
    // Also one that was only assumed to be somewhere: others may have been refused for its sake.
    if (this.#cache.removePod(pod)) this.#queue.happened('pod-removed');
  }

  #nodeChanged(node: Node, before?: Node): void {
    this.#cache.setNode(node);
    // Nodes report their health often; only what plugins look at can change a decision.
    const same =
      before &&
      equalJson(before.spec, node.spec) &&
      equalJson(before.metadata?.labels, node.metadata?.labels) &&
      equalJson(before.status?.allocatable, node.status?.allocatable);
    if (!same) this.#queue.happened('node-changed');
  }

  #isOurs(pod: Pod): boolean {
    const { spec, metadata } = pod;
    const { schedulerName } = this.#options.config;
    return (
      (spec?.schedulerName ?? schedulerName) === schedulerName &&
      metadata?.deletionTimestamp === undefined &&
      (spec?.schedulingGates ?? []).length === 0 &&
      !isPodTerminal(pod)
    );
  }

  #schedule(turn: Turn): void {
    const { key } = turn;
    const pod = this.#pods.store.get(key);
    if (!pod || pod.spec?.nodeName || !this.#isOurs(pod)) {
      this.#queue.done(turn);
      return;
    }
    this.#takeBack(pod);
    const info = podInfo(pod, this.#volumes.claimsOf(pod));
    const nodes = this.#cache.nodesFor(info);
    const decision = decide(info, nodes, this.#options.rng, this.#cache.nominationOf(info));
    if (decision.node === undefined)
      this.#inBackground(this.#refuse(turn, info, decision.verdicts));
    else {
      this.#cache.assume(info, decision.node);
      const node = this.#nodes.store.get(decision.node);
      const choices = node ? this.#volumes.reserve(info.claims, node) : [];
      this.#inBackground(this.#bind(turn, info, decision.node, { node, choices }));
    }
  }

  /** It was to be bound, and is not. */
  #takeBack(pod: Pod): void {
    if (this.#cache.forget(pod)) this.#queue.happened('pod-removed');
  }

  #inBackground(write: Promise<void>): void {
    const tracked = write.finally(() => this.#writes.delete(tracked));
    this.#writes.add(tracked);
  }

  async #bind(
    turn: Turn,
    { pod }: PodInfo,
    node: string,
    volumes: { readonly node: Node | undefined; readonly choices: readonly Choice[] },
  ): Promise<void> {
    const { key } = turn;
    const { name = '', namespace, uid } = pod.metadata ?? {};
    const binding = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: {
        name,
        ...(namespace !== undefined && { namespace }),
        ...(uid !== undefined && { uid }),
      },
      target: { apiVersion: 'v1', kind: 'Node', name: node },
    };
    try {
      const { api } = this.#options;
      if (volumes.node)
        await this.#volumes.bind(volumes.choices, volumes.node, () => this.#waits(key, pod));
      await api.createSubresource(refs.pods, name, 'binding', binding, { namespace });
      this.#queue.done(turn);
      const message = `Successfully assigned ${key} to ${node}`;
      this.#events.event(pod, 'Normal', 'Scheduled', message);
    } catch (thrown) {
      const error = QuorateError.from(thrown).message;
      this.#options.log.warn({ pod: key, node, error }, 'binding failed');
      await this.#afterFailure(turn, pod);
    }
  }

  /** It may be bound all the same: until the server says so, what it takes is nobody else's. */
  async #afterFailure(turn: Turn, pod: Pod): Promise<void> {
    const node = await this.#nodeOf(turn.key, pod);
    this.#takeBack(pod);
    if (node === undefined) this.#queue.retry(turn);
    else {
      this.#cache.assume(podInfo(pod), node);
      this.#queue.done(turn);
    }
  }

  /** As the server has it; undefined: none, or nobody wants to know any more. */
  async #nodeOf(key: string, pod: Pod): Promise<string | undefined> {
    const { api, clock } = this.#options;
    const { name = '', namespace, uid } = pod.metadata ?? {};
    while (this.#waits(key, pod)) {
      try {
        const now = await api.get<Pod>(refs.pods, name, namespace);
        return now.metadata?.uid === uid && this.#waits(key, pod) ? now.spec?.nodeName : undefined;
      } catch (thrown) {
        if (QuorateError.is(thrown, 'not-found')) return undefined;
        await clock.sleep(askAgainMs);
      }
    }
    return undefined;
  }

  async #refuse(turn: Turn, info: PodInfo, verdicts: readonly Verdict[]): Promise<void> {
    const { key } = turn;
    const { pod } = info;
    const preemption = verdicts.length > 0 ? await this.#makeRoom(key, info) : undefined;
    const why = preemption?.node === undefined ? preemption?.why : undefined;
    const message = [failureText(verdicts), ...(why ? [`preemption: ${why}`] : [])].join(' ');
    // Where room could not be made for some other reason, nothing else may bring the next attempt about.
    if (verdicts.length > 0 && !preemption) this.#queue.retry(turn);
    else this.#queue.unschedulable(turn, new Set(verdicts.map(({ plugin }) => plugin)));
    this.#events.event(pod, 'Warning', 'FailedScheduling', message);
    const { name = '', namespace } = pod.metadata ?? {};
    const refused = unschedulable(pod, message, this.#options.clock);
    const nominatedNodeName = this.#cache.nominationOf(info) ?? null;
    const promised = nominatedNodeName !== (pod.status?.nominatedNodeName ?? null);
    if (!refused && !promised) return;
    // Conditions of others, some of them not seen yet, stay.
    const status = {
      ...(refused && { conditions: [refused] }),
      ...(promised && { nominatedNodeName }),
    };
    try {
      const options = { namespace, subresource: 'status' };
      await this.#options.api.patch(refs.pods, name, 'strategic', { status }, options);
    } catch (thrown) {
      // The next attempt writes it again, and nothing else may bring one about.
      if (!QuorateError.is(thrown, 'not-found')) this.#queue.add(key, pod.spec?.priority ?? 0);
      const error = QuorateError.from(thrown).message;
      this.#options.log.debug({ pod: key, error }, 'condition not written');
    }
  }

  /** For a node, as far as is known: this one, and not a namesake of it. */
  #waits(key: string, { metadata }: Pod): boolean {
    const known = this.#pods.store.get(key);
    return !this.#over && known?.metadata?.uid === metadata?.uid && !known?.spec?.nodeName;
  }

  async #makeRoom(key: string, info: PodInfo): Promise<Preemption | undefined> {
    try {
      return await this.#preemptor.makeRoom(info, () => this.#waits(key, info.pod));
    } catch (thrown) {
      const error = QuorateError.from(thrown).message;
      this.#options.log.warn({ pod: key, error }, 'preemption failed');
      return undefined;
    }
  }
}

/** Whether what counts for its place, or for others', has changed: its status is no reason to try again. */
function mayFitNow(before: Pod, after: Pod): boolean {
  return (
    !equalJson(before.spec, after.spec) ||
    !equalJson(before.metadata?.labels, after.metadata?.labels)
  );
}

/** PodScheduled False; undefined where the pod says so already. */
function unschedulable(pod: Pod, message: string, clock: Clock): PodCondition | undefined {
  const conditions = pod.status?.conditions;
  const known = getCondition(conditions, 'PodScheduled');
  if (known?.status === 'False' && known.message === message) return undefined;
  const next = setCondition<PodCondition>(conditions, {
    type: 'PodScheduled',
    status: 'False',
    reason: 'Unschedulable',
    message,
    lastTransitionTime: timestamp(clock),
  });
  return getCondition(next, 'PodScheduled');
}
