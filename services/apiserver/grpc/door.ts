import {
  addReflection,
  createServer,
  healthService,
  listen,
  listenTls,
  loadProto,
  type ServerTls,
  shutdown,
} from '#shared/rpc';
import type { ProtoGrpcType as ElectionsProto } from '../../../shared/rpc/gen/elections.ts';
import type { ProtoGrpcType as NodesProto } from '../../../shared/rpc/gen/nodes.ts';
import type { ProtoGrpcType as PodsProto } from '../../../shared/rpc/gen/pods.ts';
import type { ProtoGrpcType as ResourcesProto } from '../../../shared/rpc/gen/resources.ts';
import type { Core } from '../core.ts';
import { serverUser } from '../auth/user.ts';
import { callerIn } from './caller.ts';
import { electionsService } from './elections.ts';
import { nodesService } from './nodes.ts';
import { podsHandlers } from './pods.ts';
import { resourcesService } from './resources.ts';

/** A write in flight may still be answered; streams and campaigns end at once. */
const graceMs = 1_000;

export interface Door {
  readonly port: number;
  close(): Promise<void>;
}

export interface GrpcListen {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Absent: in clear text, where every caller may do everything. For loopback, and only on demand. */
  readonly tls?: ServerTls | undefined;
}

/** quorate.v1 over TLS, for callers with a certificate of the cluster's authority or a token. */
export async function openGrpcDoor(core: Core, at: GrpcListen): Promise<Door> {
  const server = createServer();
  const stopping = new AbortController();
  const { signal } = stopping;
  const callerOf = at.tls ? callerIn(core) : () => Promise.resolve(serverUser);
  const { quorate } = loadProto<ResourcesProto & ElectionsProto & NodesProto & PodsProto>(
    'quorate/v1/resources.proto',
    'quorate/v1/elections.proto',
    'quorate/v1/nodes.proto',
    'quorate/v1/pods.proto',
  );
  server.addService(quorate.v1.Resources.service, resourcesService(core, callerOf, signal));
  server.addService(quorate.v1.Elections.service, electionsService(core, callerOf, signal));
  server.addService(quorate.v1.Nodes.service, nodesService(core, callerOf, signal));
  server.addService(quorate.v1.Pods.service, podsHandlers(core, callerOf, signal));
  const health = healthService();
  server.addService(health.definition, { ...health.handlers });
  const { Resources, Elections, Nodes, Pods } = quorate.v1;
  const described = [Resources, Elections, Nodes, Pods].map(({ service }) => service);
  addReflection(server, [...described, health.definition]);
  const { host, port, tls } = at;
  const bound = tls
    ? await listenTls(server, { host, port, tls })
    : { port: await listen(server, `${host}:${port}`), close: () => undefined };
  return {
    port: bound.port,
    close() {
      stopping.abort();
      bound.close();
      return shutdown(server, graceMs);
    },
  };
}
