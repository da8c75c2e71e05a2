import type { Clock } from '#shared/clock';
import { type ClientTls, connect, loadProto } from '#shared/rpc';
import type { ProtoGrpcType as ElectionsProto } from '../rpc/gen/elections.ts';
import type { ProtoGrpcType as NodesProto } from '../rpc/gen/nodes.ts';
import type { ProtoGrpcType as PodsProto } from '../rpc/gen/pods.ts';
import type { ElectionsClient } from '../rpc/gen/quorate/v1/Elections.ts';
import type { NodesClient } from '../rpc/gen/quorate/v1/Nodes.ts';
import type { ResourcesClient } from '../rpc/gen/quorate/v1/Resources.ts';
import type { ProtoGrpcType as ResourcesProto } from '../rpc/gen/resources.ts';
import { HeartbeatStream } from './heartbeats.ts';
import { podStreams, type PodStreams } from './pod-streams.ts';

/** What every API server's certificate says, and nobody else's of the same authority. */
const serverName = 'kubernetes';

/** One API server's services over one connection, which the first call opens. */
export interface GrpcServer {
  readonly address: string;
  readonly resources: ResourcesClient;
  readonly elections: ElectionsClient;
  readonly nodes: NodesClient;
  readonly streams: PodStreams;
  readonly heartbeats: HeartbeatStream;
  close(): void;
}

export function connectServers(
  addresses: readonly string[],
  clock: Clock,
  tls?: ClientTls,
): GrpcServer[] {
  const { v1 } = loadProto<ResourcesProto & ElectionsProto & NodesProto & PodsProto>(
    'quorate/v1/resources.proto',
    'quorate/v1/elections.proto',
    'quorate/v1/nodes.proto',
    'quorate/v1/pods.proto',
  ).quorate;
  const known = tls && { serverName, ...tls };
  return addresses.map((address) => {
    const resources = connect(v1.Resources, address, undefined, known);
    const nodes = connect(v1.Nodes, address, resources);
    const heartbeats = new HeartbeatStream(nodes, clock);
    return {
      address,
      resources,
      nodes,
      heartbeats,
      elections: connect(v1.Elections, address, resources),
      streams: podStreams(connect(v1.Pods, address, resources)),
      close() {
        heartbeats.close();
        resources.close();
      },
    };
  });
}
