import type { ServerDuplexStream } from '@grpc/grpc-js';
import { eventToWire, headerToWire, keyFromWire, toStatus } from '#shared/rpc';
import type { WatchHandlers } from '../../../shared/rpc/gen/etcdserverpb/Watch.ts';
import type { WatchCreateRequest__Output } from '../../../shared/rpc/gen/etcdserverpb/WatchCreateRequest.ts';
import type { WatchRequest__Output } from '../../../shared/rpc/gen/etcdserverpb/WatchRequest.ts';
import type { WatchResponse } from '../../../shared/rpc/gen/etcdserverpb/WatchResponse.ts';
import { storeErrors } from '../errors.ts';
import { membershipErrors } from '../member/membership-errors.ts';
import type {
  WatchCreate,
  WatchReply,
  WatchStream,
  WatchStreamOptions,
} from '../watch/watch-stream.ts';
import { type Gate, requiresLeader } from './gate.ts';

type WatchCall = ServerDuplexStream<WatchRequest__Output, WatchResponse>;

/** Where streams are registered, so that they hear of progress and of a lost leader. */
export interface WatchStreams {
  open(send: WatchStreamOptions['send'], leaderLost: (() => void) | undefined): WatchStream;
  close(stream: WatchStream): void;
}

export function watchHandlers(streams: WatchStreams, gate: Gate): WatchHandlers {
  return { Watch: (call: WatchCall) => serveWatch(call, streams, gate) };
}

function serveWatch(call: WatchCall, streams: WatchStreams, gate: Gate): void {
  const needsLeader = requiresLeader(call.metadata);
  const fail = (): void => {
    call.emit('error', toStatus(storeErrors.noLeader()));
  };
  if (gate.isLearner()) {
    call.emit('error', toStatus(membershipErrors.notForLearners()));
    return;
  }
  if (needsLeader && !gate.hasLeader()) {
    fail();
    return;
  }
  const stream = streams.open((reply) => call.write(toWire(reply)), needsLeader ? fail : undefined);
  call.on('data', (request: WatchRequest__Output) => receive(stream, request));
  call.on('drain', () => stream.drained());
  // A client that sends nothing more still gets its events, as from etcd.
  call.on('cancelled', () => streams.close(stream));
  call.on('error', () => streams.close(stream));
  call.on('close', () => streams.close(stream));
}

function receive(stream: WatchStream, request: WatchRequest__Output): void {
  if (request.create_request) stream.create(createFromWire(request.create_request));
  else if (request.cancel_request) stream.cancel(BigInt(request.cancel_request.watch_id));
  else if (request.progress_request) stream.requestProgress();
}

/** An empty key means the smallest one, as everywhere in etcd's watch. */
function createFromWire(request: WatchCreateRequest__Output): WatchCreate {
  return {
    key: request.key.length === 0 ? '\0' : keyFromWire(request.key),
    rangeEnd: request.range_end.length === 0 ? undefined : keyFromWire(request.range_end),
    startRevision: Number(request.start_revision),
    prevKv: request.prev_kv,
    progressNotify: request.progress_notify,
    filters: request.filters.map((filter) => (filter === 'NOPUT' ? 'no-put' : 'no-delete')),
    watchId: BigInt(request.watch_id),
    fragment: request.fragment,
  };
}

function toWire(reply: WatchReply): WatchResponse {
  return {
    header: headerToWire(reply.header),
    watch_id: String(reply.watchId),
    created: reply.created ?? false,
    canceled: reply.canceled ?? false,
    compact_revision: reply.compactRevision ?? 0,
    cancel_reason: reply.cancelReason ?? '',
    fragment: reply.fragment ?? false,
    events: reply.events?.map(eventToWire) ?? [],
  };
}
