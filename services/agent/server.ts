import { type Node, type Pod, refs, type Service as ApiService } from '#shared/api';
import {
  createEventRecorder,
  createInformer,
  type GrpcApiClient,
  type Informer,
} from '#shared/client';
import type { Clock } from '#shared/clock';
import { type Logger, type Service, version } from '#shared/runtime';
import { type AgentConfig, defaultAgentConfig } from './config.ts';
import type { AgentHost, HostParts, PodsDoor } from './host.ts';
import { nodeResources } from './node/node-object.ts';
import { keepRegistered } from './node/registration.ts';
import { PodAccess } from './pods/pod-access.ts';
import { PodManager } from './pods/pod-manager.ts';
import { networkOf } from './runtime/process/address-pool.ts';
import type { ContainerRuntime, PodSandbox } from './runtime/runtime.ts';
import { ServiceAccountTokens } from './volumes/service-account-tokens.ts';
import type { Volumes } from './volumes/volumes.ts';
import { WatchedObjects } from './volumes/watched-objects.ts';

export type AgentApi = Pick<
  GrpcApiClient,
  | 'get'
  | 'list'
  | 'watch'
  | 'create'
  | 'createSubresource'
  | 'patch'
  | 'delete'
  | 'registerNode'
  | 'heartbeat'
>;

export interface AgentOptions {
  readonly api: AgentApi;
  readonly nodeName: string;
  /** The computer it runs on: `systemHost`, or a simulated one. */
  readonly host: AgentHost;
  readonly clock: Clock;
  readonly log: Logger;
  readonly config?: Partial<AgentConfig>;
}

export interface Agent extends Service {
  /** The port bound, from `start` on. */
  readonly port: number;
  /** Resolves when the API server has first taken this node. */
  readonly registered: Promise<void>;
}

/**
 * A node's agent. `start` resolves when it serves and has its former pods back; it joins the
 * cluster in the background, whenever an API server answers. `stop` leaves the pods running unless
 * `stopPodsOnExit` is set.
 */
export function createAgent(options: AgentOptions): Agent {
  return new NodeAgent(options);
}

/** How long an agent's first containers wait for the Services to be known. */
const servicesPatienceMs = 2_000;

class NodeAgent implements Agent {
  readonly registered: Promise<void>;
  readonly #options: AgentOptions;
  readonly #config: AgentConfig;
  readonly #log: Logger;
  readonly #resolveRegistered: () => void;
  readonly #stopping = new AbortController();
  readonly #volumes: Volumes;
  readonly #loops: Promise<void>[] = [];
  #port = 0;
  #podCidr = '';
  #runtime: ContainerRuntime | undefined;
  #pods: PodManager | undefined;
  #door: PodsDoor | undefined;
  #informer: Informer<Pod> | undefined;
  /** From the first container on. */
  #services: Informer<ApiService> | undefined;
  #servicesAwaited: Promise<unknown> | undefined;

  constructor(options: AgentOptions) {
    this.#options = options;
    this.#config = { ...defaultAgentConfig, ...options.config };
    this.#log = options.log.child({ component: 'agent', node: options.nodeName });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.registered = promise;
    this.#resolveRegistered = resolve;
    this.#volumes = this.#openVolumes();
  }

  get port(): number {
    return this.#port;
  }

  async start(): Promise<void> {
    const { host } = this.#options;
    const runtime = await host.openRuntime(this.#parts);
    this.#runtime = runtime;
    const pods = this.#podManager(runtime);
    this.#pods = pods;
    const sandboxes = await pods.restore();
    const podCidr = networkIn(sandboxes);
    // What is started again will need them, and waits for its pod's news meanwhile.
    if (sandboxes.length > 0) void this.#knownServices();
    this.#door = await host.openDoor(new PodAccess(pods, runtime), runtime, this.#parts);
    this.#port = this.#door.port;
    this.#loops.push(pods.run(this.#stopping.signal), this.#stayRegistered(podCidr));
  }

  async stop(): Promise<void> {
    if (this.#config.stopPodsOnExit && this.#loops.length > 0) await this.#pods?.stopAllPods();
    this.#stopping.abort();
    await Promise.all([this.#informer?.stop(), this.#services?.stop()]);
    await Promise.all(this.#loops);
    await this.#door?.close();
    await this.#volumes.close();
    await this.#runtime?.close();
  }

  get #parts(): HostParts {
    return { clock: this.#options.clock, log: this.#log, config: this.#config };
  }

  #openVolumes(): Volumes {
    const { api, clock, host } = this.#options;
    const changed = (uid: string): void => this.#pods?.volumesChanged(uid);
    const objects = new WatchedObjects({ api, clock, log: this.#log, changed });
    const tokens = new ServiceAccountTokens(api, clock);
    return host.openVolumes({ objects, tokens }, this.#parts);
  }

  #podManager(runtime: ContainerRuntime): PodManager {
    const { api, nodeName, host, clock } = this.#options;
    const { restartBackoffMs, restartBackoffMaxMs, restartBackoffResetMs } = this.#config;
    const log = this.#log;
    return new PodManager({
      api,
      runtime,
      volumes: this.#volumes,
      clock,
      log,
      nodeName,
      checkpoints: host.checkpoints(this.#parts),
      recorder: createEventRecorder({ api, component: 'kubelet', host: nodeName, clock, log }),
      hostIp: this.#config.nodeAddress,
      allocatable: async () => nodeResources(await host.machine()),
      baseEnvironment: host.baseEnvironment,
      services: () => this.#knownServices(),
      backoff: {
        initialMs: restartBackoffMs,
        maxMs: restartBackoffMaxMs,
        resetMs: restartBackoffResetMs,
      },
    });
  }

  /** `before`: what the pods that are there have addresses of. */
  async #stayRegistered(before: string): Promise<void> {
    const { api, nodeName, clock, host } = this.#options;
    const { heartbeatMs, leaseSeconds, statusMs, labels, podsMax, nodeAddress } = this.#config;
    const facts = {
      name: nodeName,
      address: nodeAddress,
      port: this.#port,
      labels,
      podsMax,
      version,
      machine: await host.machine(),
      localStorage: host.localStorage,
    };
    await keepRegistered(
      {
        api,
        facts,
        podCidr: () => this.#podCidr || before,
        clock,
        log: this.#log,
        heartbeatMs,
        leaseSeconds,
        statusMs,
        onRegistered: (node) => this.#joined(node),
      },
      this.#stopping.signal,
    );
  }

  #joined(node: Node): Promise<void> {
    const podCidr = node.spec?.podCIDR ?? '';
    if (podCidr !== this.#podCidr) this.#runtime?.updateRuntimeConfig({ podCidr });
    this.#podCidr = podCidr;
    if (!this.#informer) this.#watchPods();
    this.#resolveRegistered();
    return Promise.resolve();
  }

  /** None while no API server has answered yet: a pod that crashes meanwhile is still restarted. */
  async #knownServices(): Promise<readonly ApiService[]> {
    const services = this.#watchServices();
    const patience = (): Promise<void> =>
      this.#options.clock.sleep(servicesPatienceMs, this.#stopping.signal).catch(() => undefined);
    await (this.#servicesAwaited ??= Promise.race([services.synced, patience()]));
    return services.store.list();
  }

  #watchServices(): Informer<ApiService> {
    const { api, clock } = this.#options;
    this.#services ??= createInformer<ApiService>(api, refs.services, { clock, log: this.#log });
    this.#services.start();
    return this.#services;
  }

  #watchPods(): void {
    const { api, nodeName, clock } = this.#options;
    const pods = this.#pods;
    const informer = createInformer<Pod>(api, refs.pods, {
      clock,
      log: this.#log,
      fieldSelector: `spec.nodeName=${nodeName}`,
      handlers: {
        added: (pod) => pods?.observe(pod),
        updated: (_before, pod) => pods?.observe(pod),
        deleted: (pod) => pods?.observeGone(pod.metadata?.uid ?? '', pod),
      },
    });
    this.#informer = informer;
    informer.start();
    void informer.synced.then(() => {
      pods?.observeAll(new Set(informer.store.list().map(({ metadata }) => metadata?.uid ?? '')));
    });
  }
}

/** Of the newest pod with an address of its own; empty: there is none. */
function networkIn(sandboxes: readonly PodSandbox[]): string {
  const own = sandboxes.filter(({ hostIp }) => hostIp === undefined);
  const [newest] = own.sort((a, b) => b.createdAt - a.createdAt);
  return newest ? networkOf(newest.ip) : '';
}
