import { type CallLimits, unary } from '#shared/rpc';
import type { StatsClient } from '../rpc/gen/quorate/v1/Stats.ts';
import type { SummaryResponse__Output } from '../rpc/gen/quorate/v1/SummaryResponse.ts';
import type { Usage__Output } from '../rpc/gen/quorate/v1/Usage.ts';

/** What something used at a time. */
export interface Usage {
  /** Milliseconds since the epoch. */
  readonly timeMs: number;
  /** CPU was measured over this long until then. */
  readonly windowMs: number;
  /** Billionths of a CPU. */
  readonly cpuNanocores: number;
  readonly memoryBytes: number;
}

export interface NodeUsage {
  /** The whole machine. */
  readonly node: Usage;
  /** Those that run. */
  readonly containers: readonly {
    readonly podUid: string;
    readonly container: string;
    readonly usage: Usage;
  }[];
}

/** Asks an agent. */
export async function readNodeUsage(stats: StatsClient, limits: CallLimits): Promise<NodeUsage> {
  const { node, containers } = await unary<object, SummaryResponse__Output>(
    (request, options, done) => stats.Summary(request, options, done),
    {},
    limits,
  );
  return {
    node: fromWire(node),
    containers: containers.map(({ pod_uid, container, usage }) => ({
      podUid: pod_uid,
      container,
      usage: fromWire(usage),
    })),
  };
}

const fromWire = (usage: Usage__Output | null): Usage => ({
  timeMs: Number(usage?.time_ms ?? 0),
  windowMs: Number(usage?.window_ms ?? 0),
  cpuNanocores: Number(usage?.cpu_nanocores ?? 0),
  memoryBytes: Number(usage?.memory_bytes ?? 0),
});
