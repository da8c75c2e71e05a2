import { type ClientDuplexStream, Client, credentials, type Metadata } from '@grpc/grpc-js';
import { must, QuorateError } from '#shared/base';
import type { Clock, Timer } from '#shared/clock';
import type { Message, NodeId } from '#shared/raft';
import { deadlineIn, fromServiceError } from '#shared/rpc';
import type { Logger } from '#shared/runtime';
import type { LeaderLeaseRequest } from '../consensus/transport.ts';
import { isRefusal } from '../member/refusal.ts';
import type { MemberChange } from '../wire/command.ts';
import type { SnapshotPart } from '../wire/message.ts';
import { type Empty, peerService } from './peer-service.ts';

export interface PeerLinkOptions {
  readonly id: NodeId;
  /** Where the member may be; the next one is tried when one fails. */
  readonly addresses: readonly string[];
  readonly metadata: Metadata;
  readonly clock: Clock;
  readonly log: Logger;
  readonly connected: () => void;
  readonly disconnected: () => void;
  readonly unreachable: () => void;
  /** The other side will not listen to this member any more. */
  readonly refused: (error: QuorateError) => void;
}

/** Reconnects within a heartbeat: a member that was restarted must not be missed for long. */
const reconnectMs = 30;
/** More than this on its way to a slow member is not worth keeping: raft sends it again. */
const queuedBytesMax = 16 << 20;
const channelOptions = {
  'grpc.initial_reconnect_backoff_ms': 20,
  'grpc.min_reconnect_backoff_ms': 20,
  'grpc.max_reconnect_backoff_ms': 150,
  'grpc.enable_retries': 0,
  'grpc.enable_channelz': 0,
  'grpc.use_local_subchannel_pool': 1,
  // A member that froze, or a cut that nobody announces, is noticed by these.
  'grpc.keepalive_time_ms': 2000,
  'grpc.keepalive_timeout_ms': 2000,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.max_send_message_length': -1,
};

type Stream = ClientDuplexStream<readonly Message[], Empty>;

/** The way to one other member: one stream, opened again whenever it breaks. */
export class PeerLink {
  readonly #options: PeerLinkOptions;
  #client: Client;
  #at = 0;
  #stream: Stream | undefined;
  #connectedSinceMs: number | undefined;
  #blocked = false;
  #queue: Message[] = [];
  #queuedBytes = 0;
  #retry: Timer | undefined;
  #complained = '';
  #closed = false;

  constructor(options: PeerLinkOptions) {
    this.#options = options;
    this.#client = this.#newClient();
    this.#open();
  }

  get #address(): string {
    const { addresses } = this.#options;
    return must(addresses[this.#at % addresses.length], 'a peer has an address');
  }

  #newClient(): Client {
    return new Client(this.#address, credentials.createInsecure(), channelOptions);
  }

  get connectedSinceMs(): number | undefined {
    return this.#connectedSinceMs;
  }

  send(messages: readonly Message[]): void {
    if (this.#stream && this.#connectedSinceMs !== undefined && !this.#blocked) {
      this.#blocked = !this.#stream.write(messages);
      return;
    }
    let dropped = false;
    for (const message of messages) {
      // What raft does not repeat by itself may wait for the connection, the rest would be stale.
      const keep = this.#connectedSinceMs !== undefined || isRequest(message);
      if (keep && this.#queuedBytes < queuedBytesMax) {
        this.#queue.push(message);
        this.#queuedBytes += messageBytes(message);
      } else {
        dropped = true;
      }
    }
    if (dropped) this.#options.unreachable();
  }

  async sendSnapshot(message: Message, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const { path, requestSerialize, responseDeserialize } = peerService.InstallSnapshot;
    await new Promise<void>((resolve, reject) => {
      const call = this.#client.makeClientStreamRequest<SnapshotPart, Empty>(
        path,
        requestSerialize,
        responseDeserialize,
        this.#options.metadata,
        (error) => (error ? reject(fromServiceError(error)) : resolve()),
      );
      const write = (part: SnapshotPart): Promise<void> | undefined =>
        call.write(part)
          ? undefined
          : new Promise((drained) => {
              call.once('drain', drained);
              call.once('close', drained);
            });
      const stream = async (): Promise<void> => {
        await write({ message });
        for await (const chunk of chunks) {
          if (call.destroyed) return;
          await write({ chunk });
        }
        call.end();
      };
      stream().catch((thrown: unknown) => {
        call.cancel();
        reject(thrown instanceof Error ? thrown : new Error(String(thrown)));
      });
    });
  }

  leaderLease(request: LeaderLeaseRequest, timeoutMs: number): Promise<number> {
    const { path, requestSerialize, responseDeserialize } = peerService.LeaderLease;
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        this.#options.metadata,
        { deadline: deadlineIn(timeoutMs) },
        (error, ttl) => (error ? reject(fromServiceError(error)) : resolve(ttl ?? -1)),
      );
    });
  }

  changeMembers(change: MemberChange, timeoutMs: number): Promise<void> {
    const { path, requestSerialize, responseDeserialize } = peerService.ChangeMembers;
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        change,
        this.#options.metadata,
        { deadline: deadlineIn(timeoutMs) },
        (error) => (error ? reject(fromServiceError(error)) : resolve()),
      );
    });
  }

  close(): void {
    this.#closed = true;
    this.#retry?.cancel();
    this.#stream?.cancel();
    this.#client.close();
  }

  /** The other side died or restarted: do not wait out the channel's own back-off. */
  reconnectSoon(): void {
    this.#client.getChannel().getConnectivityState(true);
  }

  #open(): void {
    if (this.#closed) return;
    const { path, requestSerialize, responseDeserialize } = peerService.Messages;
    const stream: Stream = this.#client.makeBidiStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      this.#options.metadata,
    );
    this.#stream = stream;
    // The other side sends its headers at once: until they are here nothing is connected.
    stream.on('metadata', () => this.#connected(stream));
    stream.on('drain', () => this.#drained(stream));
    stream.on('data', () => undefined);
    stream.on('error', (error) => this.#lost(stream, fromServiceError(error)));
    stream.on('end', () =>
      this.#lost(stream, new QuorateError('unavailable', 'the other side ended the stream')),
    );
  }

  #connected(stream: Stream): void {
    if (stream !== this.#stream) return;
    const { clock, log, id } = this.#options;
    this.#connectedSinceMs = clock.monotonic();
    this.#complained = '';
    log.info({ peer: id, address: this.#address }, 'connected to a peer');
    this.#drained(stream);
    this.#options.connected();
  }

  #drained(stream: Stream): void {
    if (stream !== this.#stream) return;
    this.#blocked = false;
    if (this.#queue.length === 0) return;
    const queue = this.#queue;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#blocked = !stream.write(queue);
  }

  #lost(stream: Stream, error: QuorateError): void {
    if (stream !== this.#stream || this.#closed) return;
    const { clock, log, id, disconnected, refused } = this.#options;
    const address = this.#address;
    const reason = error.message;
    const wasConnected = this.#connectedSinceMs !== undefined;
    this.#stream = undefined;
    this.#connectedSinceMs = undefined;
    this.#blocked = false;
    this.#queue = this.#queue.filter(isRequest);
    this.#queuedBytes = this.#queue.reduce((sum, message) => sum + messageBytes(message), 0);
    if (reason !== this.#complained) {
      this.#complained = reason;
      log.warn({ peer: id, address, reason }, 'no connection to a peer');
    }
    if (wasConnected) disconnected();
    if (isRefusal(error)) refused(error);
    if (this.#options.addresses.length > 1) this.#moveOn();
    this.#retry = clock.after(reconnectMs, () => this.#open());
  }

  #moveOn(): void {
    this.#at++;
    this.#client.close();
    this.#client = this.#newClient();
  }
}

function isRequest(message: Message): boolean {
  return message.type === 'propose' || message.type === 'read-index';
}

function messageBytes(message: Message): number {
  if (message.type !== 'append' && message.type !== 'propose') return 64;
  return message.entries.reduce((sum, { data }) => sum + data.length + 32, 64);
}
