import {
  type Deployment,
  type Event,
  isPodTerminal,
  type Lease,
  type Node,
  type Pod,
  type PodCondition,
  type ReplicaSet,
  refs,
  setCondition,
} from '#shared/api';
import { createRng } from '#shared/base';
import { timestamp } from '#shared/client';
import { ManualClock } from '#shared/clock';
import { MemoryApi } from '../../../shared/client/testing/memory-api.ts';
import { pass } from '../../../shared/client/testing/pass.ts';
import { silentLog } from '../../../shared/client/testing/silent-log.ts';
import {
  type ControllerManager,
  type ControllerManagerOptions,
  createControllerManager,
} from '../server.ts';

/** All controllers on a small API server, and nodes that do as they are told. */
export class World {
  readonly clock = new ManualClock();
  readonly api = new MemoryApi(this.clock);
  readonly #manager: ControllerManager;

  constructor(options: Pick<ControllerManagerOptions, 'rootCa'> = {}) {
    this.#manager = createControllerManager({
      api: this.api,
      clock: this.clock,
      log: silentLog,
      identity: 'one',
      rng: createRng(1),
      ...options,
    });
  }

  /** Nodes whose agent is alive; the others are silent. */
  readonly alive = new Set<string>();
  #beats = 0;

  async start(...nodes: string[]): Promise<void> {
    for (const name of nodes.length > 0 ? nodes : ['worker-1']) {
      this.api.seed(refs.nodes, readyNode(name, this.clock));
      this.alive.add(name);
    }
    this.clock.every(1_000, () => this.#beat());
    await this.#manager.start();
    await this.pass(100);
  }

  #beat(): void {
    const renewTime = `beat ${this.#beats++}`;
    for (const name of this.alive) {
      const metadata = { name, namespace: 'kube-node-lease', uid: `lease-${name}` };
      this.api.seed<Lease>(refs.leases, { metadata, spec: { renewTime } });
    }
  }

  async stop(): Promise<void> {
    await this.#manager.stop();
  }

  pass(ms: number): Promise<void> {
    return pass(this.clock, ms);
  }

  pods(filter: (pod: Pod) => boolean = () => true): Pod[] {
    return this.api.all<Pod>(refs.pods).filter(filter);
  }

  /** What events say of objects of a kind, each once. */
  said(kind: string): string[] {
    const events = this.api.all<Event>(refs.events);
    const about = events.filter(({ involvedObject }) => involvedObject.kind === kind);
    return [...new Set(about.map(({ reason, message }) => `${reason}: ${message}`))];
  }

  replicaSets(): ReplicaSet[] {
    return this.api.all<ReplicaSet>(refs.replicaSets);
  }

  deployment(name: string): Deployment | undefined {
    const named = ({ metadata }: Deployment): boolean => metadata?.name === name;
    return this.api.all<Deployment>(refs.deployments).find(named);
  }

  /** What a scheduler and the agents would do by now: pods start and get ready, or end. */
  async agentsWork(): Promise<void> {
    for (const pod of this.pods()) {
      const { name = '', namespace, deletionTimestamp } = pod.metadata ?? {};
      if (deletionTimestamp !== undefined) {
        await this.api.delete(refs.pods, name, { namespace, gracePeriodSeconds: 0 });
      } else if (pod.status?.phase !== 'Running' && !isPodTerminal(pod)) await this.run(pod);
    }
    await this.pass(100);
  }

  async run(pod: Pod): Promise<void> {
    const { name = '', namespace } = pod.metadata ?? {};
    if (!pod.spec?.nodeName) {
      const target = { metadata: {}, target: { name: 'worker-1' } };
      await this.api.createSubresource(refs.pods, name, 'binding', target, { namespace });
    }
    const ready = { type: 'Ready', status: 'True', lastTransitionTime: timestamp(this.clock) };
    const conditions = setCondition<PodCondition>(pod.status?.conditions, ready);
    const ip = `127.64.1.${2 + Number(/\d+/.exec(pod.metadata?.uid ?? '')?.[0] ?? 0)}`;
    const patch = { status: { phase: 'Running', podIP: ip, conditions } };
    await this.api.patch(refs.pods, name, 'merge', patch, { namespace, subresource: 'status' });
  }
}

export function deployment(
  name: string,
  spec: Partial<NonNullable<Deployment['spec']>>,
): Deployment {
  const labels = { app: name };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'default', generation: 1 },
    spec: {
      replicas: 3,
      selector: { matchLabels: labels },
      template: template(labels, 'one'),
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      ...spec,
    },
  };
}

export const template = (labels: Record<string, string>, image: string) => ({
  metadata: { labels },
  spec: { containers: [{ name: 'main', image }] },
});

export function readyNode(name: string, clock: ManualClock): Node {
  const lastHeartbeatTime = timestamp(clock);
  const conditions = [
    { type: 'Ready', status: 'True', lastHeartbeatTime, lastTransitionTime: lastHeartbeatTime },
  ];
  return { apiVersion: 'v1', kind: 'Node', metadata: { name }, status: { conditions } };
}
