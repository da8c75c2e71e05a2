import { agentConfig, createAgent, systemHost } from '#services/agent';
import { createProxy } from '#services/proxy';
import { createGrpcApiClient } from '#shared/client';
import { fromEnvironment, type Service } from '#shared/runtime';
import { partCertificate } from './cluster/certificates.ts';
import {
  firstAddress,
  type MasterPart,
  mastersOf,
  type WorkerPart,
  workersOf,
} from './cluster/layout.ts';
import { splitAddress } from './cluster/ports.ts';
import { storageDir } from './cluster/state.ts';
import type { PartContext } from './part.ts';

/** A worker: agent and proxy in one process, each as itself, over whichever master answers. */
export async function buildWorker(
  { context, cluster, log, ready, faults }: PartContext,
  part: WorkerPart,
): Promise<readonly Service[]> {
  const { clock } = context;
  const masters = serversFor(cluster.state.parts, part);
  const servers = await Promise.all(
    masters.map(async ({ name, api }) => faults?.gateTo(name, api) ?? api),
  );
  const [tls, proxyTls] = await Promise.all([
    partCertificate(cluster, part.name, clock),
    partCertificate(cluster, 'kube-proxy', clock),
  ]);
  const api = createGrpcApiClient({ servers, clock, tls });
  const proxyApi = createGrpcApiClient({ servers, clock, tls: proxyTls });
  const agent = createAgent({
    api,
    clock,
    log,
    nodeName: part.name,
    host: systemHost({
      dataDir: storageDir(cluster, part.name),
      listen: { ...splitAddress(part.agent), tls },
      hostEnvironment: context.env,
      execPath: context.execPath,
    }),
    config: agentConfig(fromEnvironment(context.env)),
  });
  const lockHost = firstAddress(cluster.state.serviceCidr);
  const proxy = createProxy({
    api: proxyApi,
    clock,
    log,
    nodeName: part.name,
    config: { lockHost },
  });
  return [
    {
      start: () => Promise.resolve(),
      async stop() {
        await Promise.all([api.close(), proxyApi.close()]);
      },
    },
    ready.after('agent', agent),
    ready.after('proxy', proxy),
    ready.allAfter(agent.registered),
  ];
}

/** Every master, each worker beginning with another one. */
function serversFor(parts: Parameters<typeof mastersOf>[0], part: WorkerPart): MasterPart[] {
  const servers = mastersOf(parts);
  const turn = workersOf(parts).findIndex(({ name }) => name === part.name) % servers.length;
  return [...servers.slice(turn), ...servers.slice(0, turn)];
}
