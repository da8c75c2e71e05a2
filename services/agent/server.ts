import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Node, type Pod, refs } from '#shared/api';
import {
  createEventRecorder,
  createInformer,
  type GrpcApiClient,
  type Informer,
} from '#shared/client';
import type { Clock } from '#shared/clock';
import { type Logger, type Service, version } from '#shared/runtime';
import { type AgentConfig, defaultAgentConfig } from './config.ts';
import { type PodsListen, PodsServer } from './grpc/pods-service.ts';
import { keepRegistered } from './node/registration.ts';
import { Checkpoints } from './pods/checkpoints.ts';
import { PodAccess } from './pods/pod-access.ts';
import { PodManager } from './pods/pod-manager.ts';
import { createProcessRuntime } from './runtime/process/process-runtime.ts';
import type { ContainerRuntime } from './runtime/runtime.ts';
import { UsageMeter } from './stats/usage-meter.ts';

export type AgentApi = Pick<
  GrpcApiClient,
  'get' | 'list' | 'watch' | 'create' | 'patch' | 'delete' | 'registerNode' | 'heartbeat'
>;

export interface AgentOptions {
  readonly api: AgentApi;
  readonly nodeName: string;
  /** The agent's own folder: pods, their logs, and what the next agent must know. */
  readonly dataDir: string;
  /** Where quorate.v1.Pods is served. */
  readonly listen: PodsListen;
  /** The part of the host's environment that containers get: PATH, HOME. */
  readonly hostEnvironment: Readonly<Record<string, string | undefined>>;
  /** The program that runs this: its folder ends every container's PATH, so that `node` is found. */
  readonly execPath: string;
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

class NodeAgent implements Agent {
  readonly registered: Promise<void>;
  readonly #options: AgentOptions;
  readonly #config: AgentConfig;
  readonly #log: Logger;
  readonly #resolveRegistered: () => void;
  readonly #stopping = new AbortController();
  readonly #loops: Promise<void>[] = [];
  #port = 0;
  #podCidr = '';
  #runtime: ContainerRuntime | undefined;
  #pods: PodManager | undefined;
  #meter: UsageMeter | undefined;
  #server: PodsServer | undefined;
  #informer: Informer<Pod> | undefined;

  constructor(options: AgentOptions) {
    this.#options = options;
    this.#config = { ...defaultAgentConfig, ...options.config };
    this.#log = options.log.child({ component: 'agent', node: options.nodeName });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.registered = promise;
    this.#resolveRegistered = resolve;
  }

  get port(): number {
    return this.#port;
  }

  async start(): Promise<void> {
    const { dataDir, listen, clock } = this.#options;
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    const runtime = await createProcessRuntime({
      podsDir: join(dataDir, 'pods'),
      clock,
      log: this.#log,
      logLimits: { maxBytes: this.#config.logMaxBytes, maxFiles: this.#config.logMaxFiles },
      logCheckMs: this.#config.logCheckMs,
      relistMs: this.#config.relistMs,
    });
    this.#runtime = runtime;
    const pods = this.#podManager(runtime);
    this.#pods = pods;
    await pods.restore();
    const meter = new UsageMeter(runtime, this.#options.clock, this.#log);
    this.#meter = meter;
    const server = new PodsServer(new PodAccess(pods, runtime), meter);
    this.#server = server;
    this.#port = await server.listen(listen);
    this.#loops.push(pods.run(this.#stopping.signal), this.#stayRegistered());
  }

  async stop(): Promise<void> {
    if (this.#config.stopPodsOnExit && this.#loops.length > 0) await this.#pods?.stopAllPods();
    this.#stopping.abort();
    await this.#informer?.stop();
    await Promise.all(this.#loops);
    this.#meter?.stop();
    await this.#server?.stop();
    await this.#runtime?.close();
  }

  #podManager(runtime: ContainerRuntime): PodManager {
    const { api, nodeName, dataDir, clock } = this.#options;
    const { restartBackoffMs, restartBackoffMaxMs, restartBackoffResetMs } = this.#config;
    const log = this.#log;
    return new PodManager({
      api,
      runtime,
      clock,
      log,
      nodeName,
      checkpoints: new Checkpoints(join(dataDir, 'manifests'), log),
      recorder: createEventRecorder({ api, component: 'kubelet', host: nodeName, clock, log }),
      hostIp: this.#config.nodeAddress,
      baseEnvironment: this.#baseEnvironment(),
      backoff: {
        initialMs: restartBackoffMs,
        maxMs: restartBackoffMaxMs,
        resetMs: restartBackoffResetMs,
      },
    });
  }

  /** Nothing else of the host's environment gets into a container. */
  #baseEnvironment(): Record<string, string> {
    const { hostEnvironment, execPath } = this.#options;
    const path = hostEnvironment['PATH'] || '/usr/local/bin:/usr/bin:/bin';
    const home = hostEnvironment['HOME'] || '/';
    return { PATH: `${path}:${dirname(execPath)}`, HOME: home, TMPDIR: '/tmp' };
  }

  async #stayRegistered(): Promise<void> {
    const { api, nodeName, clock } = this.#options;
    const { heartbeatMs, leaseSeconds, statusMs, labels, podsMax, nodeAddress } = this.#config;
    const facts = {
      name: nodeName,
      address: nodeAddress,
      port: this.#port,
      labels,
      podsMax,
      version,
      bootId: await firstLine('/proc/sys/kernel/random/boot_id'),
      machineId: await firstLine('/etc/machine-id'),
    };
    const onRegistered = (node: Node): Promise<void> => this.#joined(node);
    await keepRegistered(
      { api, facts, clock, log: this.#log, heartbeatMs, leaseSeconds, statusMs, onRegistered },
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

/** Empty where the system has no such file. */
async function firstLine(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch {
    return '';
  }
}
