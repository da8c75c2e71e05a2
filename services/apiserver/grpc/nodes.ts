import type { ServerDuplexStream } from '@grpc/grpc-js';
import { badRequest, type NodeStatus } from '#shared/api';
import { handleUnary, toStatus } from '#shared/rpc';
import type { HeartbeatRequest__Output } from '../../../shared/rpc/gen/quorate/v1/HeartbeatRequest.ts';
import type { HeartbeatResponse } from '../../../shared/rpc/gen/quorate/v1/HeartbeatResponse.ts';
import type { NodesHandlers } from '../../../shared/rpc/gen/quorate/v1/Nodes.ts';
import type { Core } from '../core.ts';
import type { User } from '../auth/user.ts';
import type { Requests } from '../requests/requests.ts';
import type { CallerOf } from './caller.ts';
import { stoppingError } from '#shared/rpc';
import { fromJson, toJson } from '../json.ts';

/** quorate.v1.Nodes over the core. */
export function nodesService(
  { requests }: Core,
  callerOf: CallerOf,
  stopping: AbortSignal,
): NodesHandlers {
  return {
    Register: handleUnary(async ({ node_json }, call) => {
      const body = fromJson(node_json, 'node_json');
      const node = await requests.registerNode(await callerOf(call), body);
      return { node_json: toJson(node) };
    }),
    Heartbeat: (call) => answerBeats(call, requests, callerOf, stopping),
  };
}

/** One answer per beat, in order; a beat that fails ends the stream with its error. */
function answerBeats(
  call: ServerDuplexStream<HeartbeatRequest__Output, HeartbeatResponse>,
  requests: Requests,
  callerOf: CallerOf,
  stopping: AbortSignal,
): void {
  let closed = false;
  const close = (): void => {
    closed = true;
  };
  call.on('cancelled', close);
  call.on('error', close);
  const stop = (): void => {
    if (!closed) call.emit('error', toStatus(stoppingError()));
  };
  stopping.addEventListener('abort', stop, { once: true });
  // Before the loop is left, which closes the call as if all were well.
  const fail = (thrown: unknown): undefined => {
    if (!closed) call.emit('error', toStatus(thrown));
    return undefined;
  };
  const run = async (): Promise<void> => {
    const user = await callerOf(call);
    for await (const request of call) {
      const answer = await beatOnce(requests, user, request as HeartbeatRequest__Output).catch(
        fail,
      );
      if (closed || !answer) return;
      call.write(answer);
    }
    call.end();
  };
  run()
    .catch(fail)
    .finally(() => stopping.removeEventListener('abort', stop));
}

async function beatOnce(
  requests: Requests,
  user: User,
  beat: HeartbeatRequest__Output,
): Promise<HeartbeatResponse> {
  const { renewTime, unknownNode } = await requests.beat(user, {
    node: beat.node,
    leaseDurationSeconds: beat.lease_duration_seconds,
    status: statusOf(beat),
  });
  return { renew_time: renewTime, unknown_node: unknownNode };
}

function statusOf({ status_json }: HeartbeatRequest__Output): NodeStatus | undefined {
  if (status_json.length === 0) return undefined;
  const status = fromJson(status_json, 'status_json');
  if (typeof status !== 'object' || status === null) {
    throw badRequest('status_json: Invalid value: must be a v1 NodeStatus');
  }
  return status;
}
