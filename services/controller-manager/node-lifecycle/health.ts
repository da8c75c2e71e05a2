import type { Lease, Node } from '#shared/api';

interface Heard {
  /** What the node last wrote: when this changes, the node is alive. */
  sign: string;
  at: number;
}

/**
 * When each node was last heard of, by this process' own monotonic clock: a node's clock and ours
 * need not agree, only *that* its Lease or its Ready condition has moved counts. Time in which this
 * process did not look (paused, or the machine was) is not counted against the nodes.
 */
export class NodeHealth {
  readonly #periodMs: number;
  readonly #heard = new Map<string, Heard>();
  #lookedAt: number | undefined;

  constructor(periodMs: number) {
    this.#periodMs = periodMs;
  }

  /** Looks at all nodes; `monotonicMs` is now. */
  observe(
    nodes: readonly Node[],
    leaseOf: (node: string) => Lease | undefined,
    monotonicMs: number,
  ): void {
    const unwatchedMs = this.#unwatchedMs(monotonicMs);
    const names = new Set<string>();
    for (const node of nodes) {
      const name = node.metadata?.name ?? '';
      names.add(name);
      const sign = signOf(node, leaseOf(name));
      const heard = this.#heard.get(name);
      if (!heard || heard.sign !== sign) this.#heard.set(name, { sign, at: monotonicMs });
      else heard.at += unwatchedMs;
    }
    for (const name of this.#heard.keys()) if (!names.has(name)) this.#heard.delete(name);
  }

  /** How long nothing was heard of a node that has been observed. */
  silentMs(node: string, monotonicMs: number): number {
    return monotonicMs - (this.#heard.get(node)?.at ?? monotonicMs);
  }

  #unwatchedMs(monotonicMs: number): number {
    const elapsed = this.#lookedAt === undefined ? 0 : monotonicMs - this.#lookedAt;
    this.#lookedAt = monotonicMs;
    return elapsed > 2 * this.#periodMs ? elapsed - this.#periodMs : 0;
  }
}

function signOf(node: Node, lease: Lease | undefined): string {
  const ready = node.status?.conditions?.find(({ type }) => type === 'Ready');
  // Our own Unknown must not pass for a word from the node.
  const beat = ready?.status === 'Unknown' ? '' : (ready?.lastHeartbeatTime ?? '');
  return `${node.metadata?.uid} ${lease?.spec?.renewTime ?? ''} ${beat}`;
}
