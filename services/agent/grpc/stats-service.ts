import type { NodeUsage, Usage } from '#shared/client';
import { handleUnary } from '#shared/rpc';
import type { StatsHandlers } from '../../../shared/rpc/gen/quorate/v1/Stats.ts';

/** quorate.v1.Stats of this node. */
export const statsHandlers = (usage: () => Promise<NodeUsage>): StatsHandlers => ({
  Summary: handleUnary(async () => {
    const { node, containers } = await usage();
    return {
      node: toWire(node),
      containers: containers.map(({ podUid, container, usage: used }) => ({
        pod_uid: podUid,
        container,
        usage: toWire(used),
      })),
    };
  }),
});

const toWire = ({ timeMs, windowMs, cpuNanocores, memoryBytes }: Usage) => ({
  time_ms: timeMs,
  window_ms: windowMs,
  cpu_nanocores: cpuNanocores,
  memory_bytes: memoryBytes,
});
