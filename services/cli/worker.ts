import { agentConfig, createAgent } from '#services/agent';
import { createProxy } from '#services/proxy';
import { createGrpcApiClient } from '#shared/client';
import { fromEnvironment, type Service } from '#shared/runtime';
import { firstAddress, mastersOf, type WorkerPart, workersOf } from './cluster/layout.ts';
import { splitAddress } from './cluster/ports.ts';
import { storageDir } from './cluster/state.ts';
import type { PartContext } from './part.ts';

/** A worker: agent and proxy in one process, over a connection to whichever master answers. */
export function buildWorker(
  { context, cluster, log, ready }: PartContext,
  part: WorkerPart,
): readonly Service[] {
  const { clock } = context;
  const api = createGrpcApiClient({ servers: serversFor(cluster.state.parts, part), clock });
  const agent = createAgent({
    api,
    clock,
    log,
    nodeName: part.name,
    dataDir: storageDir(cluster, part.name),
    listen: splitAddress(part.agent),
    hostEnvironment: context.env,
    execPath: context.execPath,
    config: agentConfig(fromEnvironment(context.env)),
  });
  const lockHost = firstAddress(cluster.state.serviceCidr);
  const proxy = createProxy({ api, clock, log, nodeName: part.name, config: { lockHost } });
  return [
    { start: () => Promise.resolve(), stop: () => api.close() },
    ready.after('agent', agent),
    ready.after('proxy', proxy),
    ready.allAfter(agent.registered),
  ];
}

/** Every master, each worker beginning with another one. */
function serversFor(parts: Parameters<typeof mastersOf>[0], part: WorkerPart): string[] {
  const servers = mastersOf(parts).map((master) => master.api);
  const turn = workersOf(parts).findIndex(({ name }) => name === part.name) % servers.length;
  return [...servers.slice(turn), ...servers.slice(0, turn)];
}
