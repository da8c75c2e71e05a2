import { QuorateError } from '#shared/base';
import { badRequest, type Node, type Pod, refs } from '#shared/api';
import type { LogOptions } from '#shared/client';
import type { KindTable } from '../registry/kinds.ts';
import type { Registry } from '../registry/registry.ts';

/** Opens the log stream of an agent at `host:port`. Errors of the agent itself pass through. */
export type OpenAgentLog = (address: string, request: AgentLogRequest) => AsyncIterable<Uint8Array>;

export interface AgentLogRequest extends Omit<LogOptions, 'container'> {
  /** The node whose agent is asked. */
  readonly node: string;
  readonly namespace: string;
  readonly name: string;
  readonly container: string;
}

/** The log of a pod's container, passed on from the pod's node. */
export class PodLogs {
  readonly #registry: Registry;
  readonly #kinds: KindTable;
  readonly #open: OpenAgentLog;

  constructor(registry: Registry, kinds: KindTable, open: OpenAgentLog) {
    this.#registry = registry;
    this.#kinds = kinds;
    this.#open = open;
  }

  async *read(
    namespace: string,
    name: string,
    options: LogOptions = {},
  ): AsyncGenerator<Uint8Array, void> {
    checkLimits(options);
    const pods = this.#kinds.builtin(refs.pods);
    const pod: Pod = await this.#registry.get(pods, name, namespace);
    const container = chooseContainer(pod, options.container);
    const nodeName = pod.spec?.nodeName;
    if (!nodeName) {
      throw badRequest(`pod ${name} does not have a host assigned: it is not scheduled yet`);
    }
    const address = await this.#agentAddress(nodeName);
    const { metadata } = pod;
    const place = { node: nodeName, namespace: metadata?.namespace ?? '', name, container };
    const request = { ...options, ...place };
    try {
      yield* this.#open(address, request);
    } catch (thrown) {
      if (!QuorateError.is(thrown, 'unavailable')) throw thrown;
      // Not `unavailable`: this server is fine, and asking another one would not help.
      throw new QuorateError(
        'internal',
        `node "${nodeName}" cannot be reached at ${address}: ${thrown.message}`,
        { cause: thrown },
      );
    }
  }

  async #agentAddress(nodeName: string): Promise<string> {
    const nodes = this.#kinds.builtin(refs.nodes);
    const { status }: Node = await this.#registry.get(nodes, nodeName);
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

/** The container asked for, or the only one; in Kubernetes' words where there is no such choice. */
function chooseContainer(pod: Pod, asked: string | undefined): string {
  const name = pod.metadata?.name ?? '';
  const containers = (pod.spec?.containers ?? []).map((container) => container.name);
  const init = (pod.spec?.initContainers ?? []).map((container) => container.name);
  if (asked) {
    if (containers.includes(asked) || init.includes(asked)) return asked;
    throw badRequest(`container ${asked} is not valid for pod ${name}`);
  }
  const [only] = containers;
  if (only !== undefined && containers.length === 1) return only;
  const orInit = init.length > 0 ? ` or one of the init containers: [${init.join(' ')}]` : '';
  throw badRequest(
    `a container name must be specified for pod ${name}, choose one of: [${containers.join(' ')}]${orInit}`,
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
