import {
  type ServerDuplexStream,
  type ServiceDefinition,
  status,
  type StatusObject,
} from '@grpc/grpc-js';
import { keyFromWire, toStatus } from '#shared/rpc';
import type { WatchDefinition } from '../../../shared/rpc/gen/etcdserverpb/Watch.ts';
import type { WatchCreateRequest__Output } from '../../../shared/rpc/gen/etcdserverpb/WatchCreateRequest.ts';
import type { WatchRequest__Output } from '../../../shared/rpc/gen/etcdserverpb/WatchRequest.ts';
import { anonymous, type Caller } from '../auth/caller.ts';
import type { WatchCreate, WatchStream, WatchStreamOptions } from '../watch/watch-stream.ts';
import { admitStream, type Gate, onBehalf } from './gate.ts';
import { withCodec } from './server-codec.ts';
import { WatchSender } from './watch-sender.ts';

/** Responses are encoded before they are written: many are made of the same events. */
type WatchCall = ServerDuplexStream<WatchRequest__Output, Buffer>;

/** Where streams are registered, so that they hear of progress. */
export interface WatchStreams {
  open(send: WatchStreamOptions['send']): WatchStream;
  close(stream: WatchStream): void;
}

export function watchService(definition: WatchDefinition): ServiceDefinition {
  const { Watch } = definition;
  return { Watch: withCodec(Watch, Watch.requestDeserialize, (bytes: Buffer) => bytes) };
}

export function watchHandlers(streams: WatchStreams, gate: Gate): object {
  return { Watch: (call: WatchCall) => serveWatch(call, streams, gate) };
}

function serveWatch(call: WatchCall, streams: WatchStreams, gate: Gate): void {
  if (!admitStream(gate, call)) return;
  const sender = new WatchSender(call, () => stream.drained());
  const stream = streams.open((reply) => sender.send(reply));
  const receive = new WatchRequests(call, stream, gate);
  call.on('data', (request: WatchRequest__Output) => receive.take(request));
  // A client that sends nothing more still gets its events, as from etcd.
  call.on('cancelled', () => streams.close(stream));
  call.on('error', () => streams.close(stream));
  call.on('close', () => streams.close(stream));
}

/** The requests of one stream, in their order, though it may take a moment to know who asks. */
class WatchRequests {
  readonly #call: WatchCall;
  readonly #stream: WatchStream;
  readonly #gate: Gate;
  #before: Promise<void> | undefined;

  constructor(call: WatchCall, stream: WatchStream, gate: Gate) {
    this.#call = call;
    this.#stream = stream;
    this.#gate = gate;
  }

  take(request: WatchRequest__Output): void {
    const { create_request: create } = request;
    const asked = create ? this.#gate.callerOf(this.#call) : anonymous;
    if (asked === anonymous && !this.#before) {
      this.#serve(request, anonymous);
      return;
    }
    // Whoever waits for it below hears of it; it may end before that.
    if (asked instanceof Promise) asked.catch(() => undefined);
    const before = this.#before;
    const served = (async () => {
      await before;
      if (create) await this.#createKnown(createFromWire(create), asked);
      else if (!this.#call.cancelled) this.#serve(request, anonymous);
    })();
    this.#before = served;
    void served.then(() => {
      if (this.#before === served) this.#before = undefined;
    });
  }

  #serve(request: WatchRequest__Output, caller: Caller): void {
    if (request.create_request) {
      const create = createFromWire(request.create_request);
      try {
        this.#create(create, caller);
      } catch (thrown) {
        this.#refuse(thrown);
      }
    } else if (request.cancel_request) {
      this.#stream.cancel(BigInt(request.cancel_request.watch_id));
    } else if (request.progress_request) this.#stream.requestProgress();
  }

  async #createKnown(create: WatchCreate, asked: Caller | Promise<Caller>): Promise<void> {
    try {
      await onBehalf(this.#gate, this.#call, (caller) => this.#create(create, caller), asked);
    } catch (thrown) {
      this.#refuse(thrown);
    }
  }

  /** Throws where the caller may not read that. */
  #create(create: WatchCreate, caller: Caller): void {
    if (this.#call.cancelled) return;
    this.#gate.authority().checkRead(caller, create.key, create.rangeEnd);
    this.#stream.create(create);
  }

  #refuse(thrown: unknown): void {
    if (!this.#call.cancelled) this.#stream.refuse(reasonOf(toStatus(thrown)));
  }
}

/** As Go's gRPC prints an error: that is what etcd's watch gives for a reason. */
function reasonOf({ code = status.UNKNOWN, details }: Partial<StatusObject>): string {
  const names: Record<number, string> = {
    [status.INVALID_ARGUMENT]: 'InvalidArgument',
    [status.UNAUTHENTICATED]: 'Unauthenticated',
    [status.PERMISSION_DENIED]: 'PermissionDenied',
  };
  return `rpc error: code = ${names[code] ?? 'Unknown'} desc = ${details}`;
}

/** Others mean nothing, as in etcd. */
const filters: Readonly<Record<string, 'no-put' | 'no-delete'>> = {
  NOPUT: 'no-put',
  NODELETE: 'no-delete',
};

/** An empty key means the smallest one, as everywhere in etcd's watch. */
function createFromWire(request: WatchCreateRequest__Output): WatchCreate {
  return {
    key: request.key.length === 0 ? '\0' : keyFromWire(request.key),
    rangeEnd: request.range_end.length === 0 ? undefined : keyFromWire(request.range_end),
    startRevision: Number(request.start_revision),
    prevKv: request.prev_kv,
    progressNotify: request.progress_notify,
    filters: request.filters.flatMap((filter) => filters[filter] ?? []),
    watchId: BigInt(request.watch_id),
    fragment: request.fragment,
  };
}
