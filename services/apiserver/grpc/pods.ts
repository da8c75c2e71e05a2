import { refs } from '#shared/api';
import { type ClientTls, connect, loadProto, serverStream } from '#shared/rpc';
import type { ProtoGrpcType } from '../../../shared/rpc/gen/pods.ts';
import type { LogRequest__Output } from '../../../shared/rpc/gen/quorate/v1/LogRequest.ts';
import type { PodsClient, PodsHandlers } from '../../../shared/rpc/gen/quorate/v1/Pods.ts';
import type { LogOptions } from '#shared/client';
import type { Core } from '../core.ts';
import type { AgentLogRequest, OpenAgentLog } from '../pods/logs.ts';
import { objectPlace } from '../requests/place.ts';
import type { CallerOf } from './caller.ts';
import { streamOut } from './stream-out.ts';

/** quorate.v1.Pods over the core. */
export function podsService(
  { requests, kinds }: Core,
  callerOf: CallerOf,
  stopping: AbortSignal,
): PodsHandlers {
  return {
    Log: (call) =>
      streamOut(call, stopping, async function* (signal) {
        const { namespace, name } = call.request;
        const options = { ...toLogOptions(call.request), signal };
        const asked = { ref: refs.pods, namespace, name, subresource: 'log' };
        const user = await callerOf(call);
        const log = await requests.authorize(user, 'get', objectPlace(kinds, asked));
        for await (const data of log.logs(options)) {
          yield { data: Buffer.from(data.buffer, data.byteOffset, data.byteLength) };
        }
      }),
  };
}

function toLogOptions(request: LogRequest__Output): LogOptions {
  const limitBytes = Number(request.limit_bytes);
  return {
    container: request.container,
    follow: request.follow,
    previous: request.previous,
    ...(request.tail_lines !== undefined && { tailLines: Number(request.tail_lines) }),
    ...(limitBytes !== 0 && { limitBytes }),
  };
}

/** Asks the agent at an address, which serves the same method for the pods of its node. */
export const agentLogs =
  (tls: Promise<ClientTls> | undefined): OpenAgentLog =>
  (address, request) =>
    openLog(address, request, tls);

async function* openLog(
  address: string,
  request: AgentLogRequest,
  tls: Promise<ClientTls> | undefined,
): AsyncGenerator<Uint8Array, void> {
  // Whatever its address: an agent is who its certificate says.
  const known = tls && { ...(await tls), serverName: request.node };
  const client: PodsClient = connect(podsClient(), address, undefined, known);
  try {
    const call = client.Log({
      namespace: request.namespace,
      name: request.name,
      container: request.container,
      follow: request.follow ?? false,
      previous: request.previous ?? false,
      ...(request.tailLines !== undefined && { tail_lines: request.tailLines }),
      limit_bytes: request.limitBytes ?? 0,
    });
    for await (const { data } of serverStream(call, request.signal)) yield data;
  } finally {
    client.close();
  }
}

type PodsConstructor = ProtoGrpcType['quorate']['v1']['Pods'];
let loaded: PodsConstructor | undefined;

/** Loaded with the first log that is read. */
function podsClient(): PodsConstructor {
  loaded ??= loadProto<ProtoGrpcType>('quorate/v1/pods.proto').quorate.v1.Pods;
  return loaded;
}
