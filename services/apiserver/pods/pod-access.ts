import type { Duplex } from 'node:stream';
import { QuorateError } from '#shared/base';
import { badRequest, type Node, type Pod, refs } from '#shared/api';
import type {
  CommandCall,
  CommandOptions,
  ExecOptions,
  ForwardCall,
  LogOptions,
  NodeUsage,
  PodStreams,
} from '#shared/client';
import type { KindTable } from '../registry/kinds.ts';
import type { Registry } from '../registry/registry.ts';

/** An agent's streams; errors of the agent itself pass through. */
export interface AgentStreams extends PodStreams {
  usage(): Promise<NodeUsage>;
  /** A connection of its own, for HTTP with the agent itself. */
  connect(): Duplex;
  close(): void;
}

export interface PodAccessDeps {
  readonly registry: Registry;
  readonly kinds: KindTable;
  /** The agent of a node, at `host:port`. */
  readonly connectAgent: (address: string, node: string) => Promise<AgentStreams>;
}

/** The ways into pods: every call is passed on to the agent of the pod's node. */
export class PodAccess {
  readonly #deps: PodAccessDeps;
  /** By node and address. A connection nobody uses is closed by itself after a while. */
  readonly #agents = new Map<string, AgentStreams>();

  constructor(deps: PodAccessDeps) {
    this.#deps = deps;
  }

  async *log(
    namespace: string,
    name: string,
    options: LogOptions = {},
  ): AsyncGenerator<Uint8Array, void> {
    checkLimits(options);
    const pod = await this.#find(namespace, name);
    const container = chooseContainer(pod, options.container);
    // As in Kubernetes: what is not scheduled yet has said nothing.
    if (!pod.spec?.nodeName) return;
    const agent = await this.#agentOf(pod);
    try {
      yield* agent.streams.log(namespaceOf(pod), name, { ...options, container });
    } catch (thrown) {
      throw agent.explain(thrown);
    }
  }

  /** These three resolve when the agent has taken the call up, and reject with why it has not. */
  async exec(namespace: string, name: string, options: ExecOptions): Promise<CommandCall> {
    if (options.command.length === 0) {
      throw badRequest('you must specify at least one command for the container');
    }
    const pod = await this.#find(namespace, name);
    const container = chooseContainer(pod, options.container);
    const agent = await this.#agentOf(pod);
    return opened(agent, agent.streams.exec(namespaceOf(pod), name, { ...options, container }));
  }

  async attach(namespace: string, name: string, options: CommandOptions): Promise<CommandCall> {
    const pod = await this.#find(namespace, name);
    const container = chooseContainer(pod, options.container);
    const agent = await this.#agentOf(pod);
    return opened(agent, agent.streams.attach(namespaceOf(pod), name, { ...options, container }));
  }

  async forward(
    namespace: string,
    name: string,
    port: number,
    signal?: AbortSignal,
  ): Promise<ForwardCall> {
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      throw badRequest(`port: Invalid value: ${port}: must be between 1 and 65535, inclusive`);
    }
    const pod = await this.#find(namespace, name);
    const agent = await this.#agentOf(pod);
    return opened(agent, agent.streams.forward(namespaceOf(pod), name, port, signal));
  }

  /** What a node and the containers on it use. */
  async usage(nodeName: string): Promise<NodeUsage> {
    const { streams, explain } = await this.#agentAt(nodeName);
    try {
      return await streams.usage();
    } catch (thrown) {
      throw explain(thrown);
    }
  }

  /** A connection to a node's agent, for HTTP. */
  async connect(nodeName: string): Promise<Duplex> {
    const { streams } = await this.#agentAt(nodeName);
    return streams.connect();
  }

  close(): void {
    for (const agent of this.#agents.values()) agent.close();
    this.#agents.clear();
  }

  async #find(namespace: string, name: string): Promise<Pod> {
    const { registry, kinds } = this.#deps;
    return await registry.get(kinds.builtin(refs.pods), name, namespace);
  }

  async #agentOf(pod: Pod): Promise<Agent> {
    const nodeName = pod.spec?.nodeName;
    if (!nodeName) {
      const name = pod.metadata?.name ?? '';
      throw badRequest(`pod ${name} does not have a host assigned`);
    }
    return this.#agentAt(nodeName);
  }

  async #agentAt(nodeName: string): Promise<Agent> {
    const address = await this.#addressOf(nodeName);
    const key = `${nodeName} ${address}`;
    const streams = this.#agents.get(key) ?? (await this.#deps.connectAgent(address, nodeName));
    this.#agents.set(key, streams);
    return {
      streams,
      explain(thrown) {
        if (!QuorateError.is(thrown, 'unavailable')) return thrown;
        const text = `node "${nodeName}" cannot be reached at ${address}: ${thrown.message}`;
        return new QuorateError('internal', text, { cause: thrown });
      },
    };
  }

  async #addressOf(nodeName: string): Promise<string> {
    const { registry, kinds } = this.#deps;
    const { status }: Node = await registry.get(kinds.builtin(refs.nodes), nodeName);
    const port = status?.daemonEndpoints?.kubeletEndpoint?.Port;
    const addresses = status?.addresses ?? [];
    const host =
      addresses.find(({ type }) => type === 'InternalIP') ??
      addresses.find(({ type }) => type === 'Hostname');
    if (port === undefined || host === undefined) {
      throw new QuorateError(
        'internal',
        `node "${nodeName}" does not say where its agent listens (status.addresses, status.daemonEndpoints)`,
      );
    }
    return `${host.address}:${port}`;
  }
}

interface Agent {
  readonly streams: AgentStreams;
  /** An agent that is away is not `unavailable`: asking another API server would not help. */
  readonly explain: (thrown: unknown) => unknown;
}

interface Call<T> {
  readonly opened: Promise<void>;
  readonly received: AsyncIterable<T>;
}

async function opened<T, C extends Call<T>>({ explain }: Agent, call: C): Promise<C> {
  try {
    await call.opened;
  } catch (thrown) {
    throw explain(thrown);
  }
  async function* received(): AsyncGenerator<T, void> {
    try {
      yield* call.received;
    } catch (thrown) {
      throw explain(thrown);
    }
  }
  return { ...call, received: received() };
}

const namespaceOf = (pod: Pod): string => pod.metadata?.namespace ?? '';

/** The container asked for, or the only one; in Kubernetes' words where there is no such choice. */
function chooseContainer(pod: Pod, asked: string | undefined): string {
  const name = pod.metadata?.name ?? '';
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
  const names = containers.map((container) => container.name);
  const init = initContainers.map((container) => container.name);
  const ephemeral = ephemeralContainers.map((container) => container.name);
  if (asked) {
    if ([...names, ...init, ...ephemeral].includes(asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${name}`);
  }
  const [only] = names;
  if (only !== undefined && names.length === 1) return only;
  const orInit = init.length > 0 ? ` or one of the init containers: [${init.join(' ')}]` : '';
  throw badRequest(
    `a container name must be specified for pod ${name}, choose one of: [${names.join(' ')}]${orInit}`,
  );
}

function checkLimits({ tailLines, limitBytes }: LogOptions): void {
  if (tailLines !== undefined && !(tailLines >= 0)) {
    throw badRequest(`tailLines: Invalid value: ${tailLines}: must be greater than or equal to 0`);
  }
  if (limitBytes !== undefined && !(limitBytes > 0)) {
    throw badRequest(`limitBytes: Invalid value: ${limitBytes}: must be greater than 0`);
  }
}
