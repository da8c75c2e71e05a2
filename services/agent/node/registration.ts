import type { Node } from '#shared/api';
import { createRng, QuorateError } from '#shared/base';
import type { GrpcApiClient } from '#shared/client';
import type { Clock } from '#shared/clock';
import type { Logger } from '#shared/runtime';
import { type NodeFacts, nodeObject, nodeStatus } from './node-object.ts';

export interface RegistrationOptions {
  readonly api: Pick<GrpcApiClient, 'registerNode' | 'heartbeat'>;
  readonly facts: Omit<NodeFacts, 'podCidr'>;
  /** As it is when the node is registered. */
  readonly podCidr: () => string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Kubelet: 10 s. */
  readonly heartbeatMs: number;
  readonly leaseSeconds: number;
  /** A status is sent at least this often, changed or not (kubelet: 5 min). */
  readonly statusMs: number;
  readonly onRegistered: (node: Node) => Promise<void>;
}

const retryMaxMs = 2_000;

/**
 * Joins the cluster and stays: registers, then sends beats until it is stopped. While no server
 * answers it goes on trying, with jitter so that a thousand nodes do not come back in one moment.
 */
export async function keepRegistered(
  options: RegistrationOptions,
  signal: AbortSignal,
): Promise<void> {
  const { clock, log, heartbeatMs } = options;
  const rng = createRng(clock.now() ^ options.facts.port);
  const beats = new Beats(options);
  let failures = 0;
  while (!signal.aborted) {
    let pauseMs = heartbeatMs;
    try {
      await beats.next();
      if (failures > 0) log.info({ failures }, 'an API server answers again');
      failures = 0;
    } catch (thrown) {
      const error = QuorateError.from(thrown).message;
      if (failures++ === 0) log.warn({ error }, 'no API server takes this node');
      pauseMs = Math.min(retryMaxMs, heartbeatMs) * (0.25 + rng.next() / 2);
    }
    await clock.sleep(pauseMs, signal).catch(() => undefined);
  }
}

/** What the next beat has to say follows from how the last ones went. */
class Beats {
  readonly #options: RegistrationOptions;
  #registered = false;
  #readySince: string;
  /** Monotonic, of the last beat that was answered and of the last with a status. */
  #answeredAt = Number.NEGATIVE_INFINITY;
  #statusAt = Number.NEGATIVE_INFINITY;

  constructor(options: RegistrationOptions) {
    this.#options = options;
    this.#readySince = this.#now();
  }

  async next(): Promise<void> {
    const { api, clock, heartbeatMs, leaseSeconds, log, onRegistered, podCidr, statusMs } =
      this.#options;
    const facts = { ...this.#options.facts, podCidr: podCidr() };
    if (!this.#registered) {
      const node = await api.registerNode(nodeObject(facts, this.#readySince, this.#now()));
      await onRegistered(node);
      this.#registered = true;
      this.#statusAt = clock.monotonic();
      log.info({ node: facts.name, podCIDR: node.spec?.podCIDR }, 'registered');
    }
    // After a silence the node may have been declared lost: say that it is not.
    const silent = clock.monotonic() - this.#answeredAt > 2 * heartbeatMs;
    if (silent) this.#readySince = this.#now();
    const due = silent || clock.monotonic() - this.#statusAt >= statusMs;
    const status = due ? nodeStatus(facts, this.#readySince, this.#now()) : undefined;
    const beat = { node: facts.name, leaseDurationSeconds: leaseSeconds, status };
    const { unknownNode } = await api.heartbeat(beat);
    this.#answeredAt = clock.monotonic();
    if (due) this.#statusAt = this.#answeredAt;
    if (!unknownNode) return;
    log.warn({ node: facts.name }, 'the Node object is gone: registering again');
    this.#registered = false;
    await this.next();
  }

  #now(): string {
    return new Date(this.#options.clock.now()).toISOString().replace(/\.\d+Z$/, 'Z');
  }
}
