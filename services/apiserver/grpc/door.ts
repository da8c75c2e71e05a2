import { createServer, healthService, listen, loadProto, shutdown } from '#shared/rpc';
import type { ProtoGrpcType as ElectionsProto } from '../../../shared/rpc/gen/elections.ts';
import type { ProtoGrpcType as NodesProto } from '../../../shared/rpc/gen/nodes.ts';
import type { ProtoGrpcType as PodsProto } from '../../../shared/rpc/gen/pods.ts';
import type { ProtoGrpcType as ResourcesProto } from '../../../shared/rpc/gen/resources.ts';
import type { Core } from '../core.ts';
import { serverUser } from '../auth/user.ts';
import type { CallerOf } from './caller.ts';
import { electionsService } from './elections.ts';
import { nodesService } from './nodes.ts';
import { podsService } from './pods.ts';
import { resourcesService } from './resources.ts';

/** A write in flight may still be answered; streams and campaigns end at once. */
const graceMs = 1_000;

export interface Door {
  readonly port: number;
  close(): Promise<void>;
}

/** quorate.v1 on `host:port`; port 0 takes a free one. */
export async function openGrpcDoor(
  core: Core,
  { host, port }: { host: string; port: number },
): Promise<Door> {
  const server = createServer();
  const stopping = new AbortController();
  const { signal } = stopping;
  const callerOf: CallerOf = () => Promise.resolve(serverUser);
  const { quorate } = loadProto<ResourcesProto & ElectionsProto & NodesProto & PodsProto>(
    'quorate/v1/resources.proto',
    'quorate/v1/elections.proto',
    'quorate/v1/nodes.proto',
    'quorate/v1/pods.proto',
  );
  server.addService(quorate.v1.Resources.service, resourcesService(core, callerOf, signal));
  server.addService(quorate.v1.Elections.service, electionsService(core, callerOf, signal));
  server.addService(quorate.v1.Nodes.service, nodesService(core, callerOf, signal));
  server.addService(quorate.v1.Pods.service, podsService(core, callerOf, signal));
  const health = healthService();
  server.addService(health.definition, { ...health.handlers });
  const bound = await listen(server, `${host}:${port}`);
  return {
    port: bound,
    close() {
      stopping.abort();
      return shutdown(server, graceMs);
    },
  };
}
