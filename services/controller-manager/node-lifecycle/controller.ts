import {
  disruptionTarget,
  isConditionTrue,
  isPodReady,
  type Node,
  type Pod,
  type PodCondition,
  refs,
} from '#shared/api';
import { QuorateError } from '#shared/base';
import { type EventRecorder, timestamp } from '#shared/client';
import { type Controller, type ControllerContext, everyPeriod, recorderOf } from '../controller.ts';
import { podsOnNode } from '../shared-informers.ts';
import { toleratedMs } from './eviction.ts';
import { NodeHealth } from './health.ts';
import { nodeTaints, silentConditions } from './node-plan.ts';

const leaseNamespace = 'kube-node-lease';

/**
 * Watches over the nodes: one that is silent too long is not ready, is tainted, its pods no longer
 * count as ready, and after a while they are deleted, which has others made elsewhere. A pod that is
 * deleted so stays Terminating until its node returns and ends it, as in Kubernetes.
 */
export function nodeLifecycleController(context: ControllerContext): Controller {
  const { nodeMonitorPeriodMs: periodMs } = context.config;
  const monitor = new NodeMonitor(context);
  return {
    name: 'node-lifecycle',
    run: (signal) =>
      everyPeriod(context, { controller: 'node-lifecycle', periodMs, signal }, () =>
        monitor.look(),
      ),
  };
}

export class NodeMonitor {
  readonly #context: ControllerContext;
  readonly #events: EventRecorder;
  readonly #health: NodeHealth;
  /** By node: since when it is seen with its NoExecute taints, monotonic. */
  readonly #taintedAt = new Map<string, { taints: string; at: number }>();

  constructor(context: ControllerContext) {
    this.#context = context;
    this.#events = recorderOf(context, 'node-controller');
    this.#health = new NodeHealth(context.config.nodeMonitorPeriodMs);
    // Asked for now, so that they are started with the others.
    void [context.informers.nodes, context.informers.leases, context.informers.pods];
  }

  /** One look at everything. Level-based: whatever a step could not write, the next look finds again. */
  async look(): Promise<void> {
    const { informers, clock, config } = this.#context;
    const nodes = informers.nodes.store.list();
    const leaseOf = (name: string) => informers.leases.store.get(`${leaseNamespace}/${name}`);
    const now = clock.monotonic();
    this.#health.observe(nodes, leaseOf, now);
    const silent = (node: Node): boolean =>
      this.#health.silentMs(node.metadata?.name ?? '', now) > config.nodeMonitorGracePeriodMs;
    const evict = nodes.some((node) => isReady(node) && !silent(node));
    // One node's failing write must not keep the others from being looked at.
    await Promise.all(nodes.map((node) => this.#lookAt(node, silent(node), evict)));
    for (const name of this.#taintedAt.keys()) {
      if (!informers.nodes.store.get(name)) this.#taintedAt.delete(name);
    }
  }

  async #lookAt(node: Node, silent: boolean, evict: boolean): Promise<void> {
    try {
      const marked = silent ? await this.#markSilent(node) : node;
      const tainted = await this.#taint(marked, evict);
      if (!isReady(tainted)) await this.#markPodsNotReady(tainted);
      await this.#evictPods(tainted, evict);
    } catch (thrown) {
      if (QuorateError.is(thrown, 'not-found', 'conflict')) return;
      const error = QuorateError.from(thrown).message;
      this.#context.log.warn({ node: node.metadata?.name, error }, 'node not brought up to date');
    }
  }

  async #markSilent(node: Node): Promise<Node> {
    const conditions = silentConditions(node, timestamp(this.#context.clock));
    if (!conditions) return node;
    const { name = '' } = node.metadata ?? {};
    this.#context.log.warn({ node: name }, 'node is silent');
    const status = { ...node.status, conditions };
    const { api } = this.#context;
    const after = await api.update<Node>(
      refs.nodes,
      { ...node, status },
      { subresource: 'status' },
    );
    const message = `Node ${name} status is now: NodeNotReady`;
    this.#events.event(node, 'Normal', 'NodeNotReady', message);
    return after;
  }

  async #taint(node: Node, evict: boolean): Promise<Node> {
    const taints = nodeTaints(node, evict, timestamp(this.#context.clock));
    if (!taints) return node;
    return this.#context.api.update<Node>(refs.nodes, { ...node, spec: { ...node.spec, taints } });
  }

  /** So that Services stop sending requests there. The agent's own report sets it right again. */
  async #markPodsNotReady(node: Node): Promise<void> {
    const { api, clock, informers } = this.#context;
    for (const pod of podsOnNode(informers.pods.store, node.metadata?.name ?? '')) {
      if (!isPodReady(pod)) continue;
      const { name = '', namespace, uid = '' } = pod.metadata ?? {};
      const ready: PodCondition = {
        type: 'Ready',
        status: 'False',
        reason: 'NodeNotReady',
        lastTransitionTime: timestamp(clock),
      };
      // What others say of the pod meanwhile stays.
      const patch = { metadata: { uid }, status: { conditions: [ready] } };
      await ignoringGone(
        api.patch(refs.pods, name, 'strategic', patch, { namespace, subresource: 'status' }),
      );
      this.#events.event(pod, 'Warning', 'NodeNotReady', 'Node is not ready');
    }
  }

  async #evictPods(node: Node, evict: boolean): Promise<void> {
    const { informers, config } = this.#context;
    const since = this.#taintedSince(node);
    if (since === undefined || !(evict || isReady(node))) return;
    const taintedMs = this.#context.clock.monotonic() - since;
    const expelled = podsOnNode(informers.pods.store, node.metadata?.name ?? '').filter(
      (pod) => taintedMs >= toleratedMs(pod, node, config.podEvictionTimeoutMs),
    );
    await Promise.all(expelled.map((pod) => this.#evict(pod)));
  }

  #taintedSince(node: Node): number | undefined {
    const { name = '' } = node.metadata ?? {};
    const noExecute = (node.spec?.taints ?? []).filter(({ effect }) => effect === 'NoExecute');
    if (noExecute.length === 0) {
      this.#taintedAt.delete(name);
      return undefined;
    }
    const taints = noExecute.map(({ key, value = '' }) => `${key}=${value}`).join();
    const known = this.#taintedAt.get(name);
    if (known?.taints === taints) return known.at;
    const at = this.#context.clock.monotonic();
    this.#taintedAt.set(name, { taints, at });
    return at;
  }

  async #evict(pod: Pod): Promise<void> {
    const { name = '', namespace, uid } = pod.metadata ?? {};
    const message = `Marking for deletion Pod ${namespace}/${name}`;
    this.#events.event(pod, 'Normal', 'TaintManagerEviction', message);
    const { api, clock } = this.#context;
    const reason = 'Taint manager: deleting due to NoExecute taint';
    const condition = disruptionTarget('DeletionByTaintManager', reason, timestamp(clock));
    const patch = { metadata: { uid }, status: { conditions: [condition] } };
    const options = { namespace, subresource: 'status' };
    await ignoringGone(api.patch(refs.pods, name, 'strategic', patch, options));
    await ignoringGone(api.delete(refs.pods, name, { namespace, uid }));
  }
}

const isReady = ({ status }: Node): boolean => isConditionTrue(status?.conditions, 'Ready');

async function ignoringGone(write: Promise<unknown>): Promise<void> {
  try {
    await write;
  } catch (thrown) {
    if (!QuorateError.is(thrown, 'not-found', 'conflict')) throw thrown;
  }
}
