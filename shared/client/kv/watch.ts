import type { ClientDuplexStream } from '@grpc/grpc-js';
import { QuorateError } from '#shared/base';
import type { Clock, Timer } from '#shared/clock';
import type { WatchRequest } from '#shared/mvcc';
import {
  eventFromWire,
  fromServiceError,
  headerFromWire,
  keyToWire,
  requireLeader,
} from '#shared/rpc';
import type { WatchRequest as PbWatchRequest } from '../../rpc/gen/etcdserverpb/WatchRequest.ts';
import type { WatchResponse__Output } from '../../rpc/gen/etcdserverpb/WatchResponse.ts';
import type { KvWatch, WatchHandler } from '../kv-client.ts';
import type { Endpoint, Endpoints } from './endpoints.ts';

type Stream = ClientDuplexStream<PbWatchRequest, WatchResponse__Output>;

const resumeAfterMs = { first: 5, most: 250 };

/**
 * One watch on a stream of its own. When the stream breaks it is opened again at the next endpoint,
 * from the revision after the last one seen, so the handler notices nothing but a pause.
 */
export class GrpcWatch implements KvWatch {
  readonly #endpoints: Endpoints;
  readonly #clock: Clock;
  readonly #request: WatchRequest;
  readonly #handler: WatchHandler;
  #nextRevision: number;
  #stream: Stream | undefined;
  #retry: Timer | undefined;
  #retryMs = resumeAfterMs.first;
  #created = false;
  #progressWanted = false;
  #over = false;

  constructor(endpoints: Endpoints, clock: Clock, request: WatchRequest, handler: WatchHandler) {
    this.#endpoints = endpoints;
    this.#clock = clock;
    this.#request = request;
    this.#handler = handler;
    this.#nextRevision = request.startRevision ?? 0;
    this.#open();
  }

  requestProgress(): void {
    this.#progressWanted = true;
    this.#stream?.write({ progress_request: {} });
  }

  cancel(): void {
    this.#over = true;
    this.#retry?.cancel();
    this.#stream?.cancel();
    this.#stream = undefined;
  }

  #open(): void {
    if (this.#over) return;
    const endpoint = this.#endpoints.current();
    const stream: Stream = endpoint.watch.Watch(requireLeader());
    this.#stream = stream;
    stream.on('data', (response: WatchResponse__Output) => {
      if (stream === this.#stream) this.#receive(response);
    });
    stream.on('error', (error) => this.#lost(stream, endpoint, fromServiceError(error)));
    stream.on('end', () =>
      this.#lost(stream, endpoint, new QuorateError('unavailable', 'watch stream ended')),
    );
    stream.write({ create_request: this.#createRequest() });
    if (this.#progressWanted) stream.write({ progress_request: {} });
  }

  #createRequest(): NonNullable<PbWatchRequest['create_request']> {
    const request = this.#request;
    return {
      key: keyToWire(request.key),
      range_end: keyToWire(request.rangeEnd ?? ''),
      start_revision: this.#nextRevision,
      progress_notify: request.progressNotify ?? false,
      filters: (request.filters ?? []).map((f) => (f === 'no-put' ? 'NOPUT' : 'NODELETE')),
      prev_kv: request.prevKv ?? false,
    };
  }

  #receive(response: WatchResponse__Output): void {
    this.#retryMs = resumeAfterMs.first;
    const header = headerFromWire(response.header);
    if (response.canceled) {
      this.#canceled(response);
      return;
    }
    if (response.created) {
      // From here on a reconnect must not miss what happens in between.
      if (this.#nextRevision === 0) this.#nextRevision = header.revision + 1;
      if (!this.#created) this.#handler.created?.(header);
      this.#created = true;
      return;
    }
    if (response.events.length > 0) {
      const events = response.events.map(eventFromWire);
      const last = events.at(-1)?.kv.modRevision ?? 0;
      this.#nextRevision = Math.max(this.#nextRevision, last + 1);
      this.#handler.events(events, header);
      return;
    }
    this.#progressWanted = false;
    this.#nextRevision = Math.max(this.#nextRevision, header.revision + 1);
    this.#handler.progress?.(header);
  }

  #canceled(response: WatchResponse__Output): void {
    const stream = this.#stream;
    const reason = response.cancel_reason || 'etcdserver: watch canceled';
    if (/no leader/.test(reason) && stream) {
      this.#lost(stream, this.#endpoints.current(), new QuorateError('unavailable', reason));
      stream.cancel();
      return;
    }
    const compacted = Number(response.compact_revision);
    this.cancel();
    const code = compacted > 0 ? 'expired' : 'canceled';
    const text = compacted > 0 ? 'etcdserver: mvcc: required revision has been compacted' : reason;
    this.#handler.ended(new QuorateError(code, text), compacted > 0 ? compacted : undefined);
  }

  #lost(stream: Stream, endpoint: Endpoint, error: QuorateError): void {
    if (this.#over || stream !== this.#stream) return;
    this.#stream = undefined;
    if (QuorateError.is(error, 'forbidden', 'unauthenticated', 'unimplemented')) {
      this.#over = true;
      this.#handler.ended(error);
      return;
    }
    this.#endpoints.moveOn(endpoint);
    this.#retry = this.#clock.after(this.#retryMs, () => this.#open());
    this.#retryMs = Math.min(this.#retryMs * 2, resumeAfterMs.most);
  }
}
