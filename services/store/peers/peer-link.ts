import { must, QuorateError } from '#shared/base';
import type { Clock, Timer } from '#shared/clock';
import type { Message, NodeId } from '#shared/raft';
import type { Logger } from '#shared/runtime';
import { isRefusal } from '../member/refusal.ts';
import { hexId } from '../member/shown-id.ts';
import type { PeerTraffic } from '../metrics/peer-traffic.ts';
import { encodeBatch } from '../wire/message.ts';
import {
  decodeAnswer,
  decodeError,
  encodeCall,
  encodeHello,
  type Hello,
  type PeerAnswer,
  type PeerCall,
} from '../wire/peer.ts';
import { Connection } from './connection.ts';
import { type FrameKind, noPeer } from './frames.ts';
import { parseAddress } from '../address.ts';
import type { PeerSecurity } from './security.ts';

export interface PeerLinkOptions {
  readonly id: NodeId;
  /** Where the member may be; the next one is tried when one fails. */
  readonly addresses: readonly string[];
  readonly hello: Hello;
  readonly security: PeerSecurity;
  readonly clock: Clock;
  readonly log: Logger;
  readonly traffic: PeerTraffic;
  readonly connected: () => void;
  readonly disconnected: () => void;
  readonly unreachable: () => void;
  /** The other side will not listen to this member any more. */
  readonly refused: (error: QuorateError) => void;
}

/** Within a heartbeat: a member that was restarted must not be missed for long. */
const reconnectMs = 30;
const reconnectMaxMs = 150;
const connectTimeoutMs = 2000;
/** More than this on its way to a slow member is not worth keeping: raft sends it again. */
const waitingBytesMax = 16 << 20;
const batchBytes = 1 << 20;

interface Waiting {
  readonly resolve: (answer: PeerAnswer) => void;
  readonly timer: Timer;
}

/** The way to one other member: one connection, opened again whenever it breaks. */
export class PeerLink {
  readonly #options: PeerLinkOptions;
  #at = 0;
  #connection: Connection | undefined;
  #connectedSinceMs: number | undefined;
  /** Requests for the next connection. */
  #queue: Message[] = [];
  #queuedBytes = 0;
  readonly #calls = new Map<number, Waiting>();
  #nextCall = 1;
  #retry: Timer | undefined;
  #retryMs = reconnectMs;
  #patience: Timer | undefined;
  #complained = '';
  #closed = false;

  constructor(options: PeerLinkOptions) {
    this.#options = options;
    this.#open();
  }

  get connectedSinceMs(): number | undefined {
    return this.#connectedSinceMs;
  }

  send(messages: readonly Message[]): void {
    const connection = this.#connection;
    if (connection && this.#connectedSinceMs !== undefined) {
      if (connection.waitingBytes <= waitingBytesMax) writeMessages(connection, messages);
      else this.#undelivered();
      return;
    }
    let dropped = false;
    for (const message of messages) {
      // What raft does not repeat by itself may wait for the connection, the rest would be stale.
      if (isRequest(message) && this.#queuedBytes < waitingBytesMax) {
        this.#queue.push(message);
        this.#queuedBytes += messageBytes(message);
      } else {
        dropped = true;
      }
    }
    if (dropped) this.#undelivered();
  }

  #undelivered(): void {
    this.#options.traffic.sentFailures++;
    this.#options.unreachable();
  }

  /** Never rejects: what goes wrong on the way is an answer too. */
  call(call: PeerCall, timeoutMs: number): Promise<PeerAnswer> {
    const connection = this.#connection;
    if (!connection || this.#connectedSinceMs === undefined) {
      const error = new QuorateError(
        'unavailable',
        `no connection to member ${hexId(this.#options.id)}`,
      );
      return Promise.resolve({ error });
    }
    return new Promise((resolve) => {
      const id = this.#nextCall++;
      const timer = this.#options.clock.after(timeoutMs, () => {
        const error = new QuorateError(
          'deadline-exceeded',
          'another member did not answer in time',
        );
        this.#answered(id, { error });
      });
      this.#calls.set(id, { resolve, timer });
      connection.write('call', encodeCall(id, call));
    });
  }

  /** The address that answers, or is tried. */
  get address(): string {
    const { addresses } = this.#options;
    return must(addresses[this.#at % addresses.length], 'a peer has an address');
  }

  close(): void {
    this.#closed = true;
    this.#retry?.cancel();
    this.#patience?.cancel();
    this.#connection?.destroy();
    this.#failCalls(new QuorateError('unavailable', 'the connection is closed'));
  }

  /** The other side is there again: do not wait. */
  reconnectSoon(): void {
    if (!this.#retry || this.#closed) return;
    this.#retry.cancel();
    this.#open();
  }

  #open(): void {
    this.#retry = undefined;
    const { security, clock, hello } = this.#options;
    const socket = security.connect(parseAddress(this.address), () => {
      connection.write('hello', encodeHello(hello));
    });
    const connection: Connection = new Connection(socket, clock, {
      frame: (kind, payload) => this.#frame(kind, payload),
      closed: (reason) => this.#lost(reason),
    });
    connection.traffic = this.#options.traffic;
    this.#connection = connection;
    this.#patience = clock.after(connectTimeoutMs, () => {
      connection.destroy(new QuorateError('unavailable', `no answer in ${connectTimeoutMs} ms`));
    });
  }

  #frame(kind: FrameKind, payload: Buffer): void {
    if (kind === 'welcome') this.#welcomed();
    else if (kind === 'refusal') this.#connection?.destroy(decodeError(payload));
    else if (kind === 'answer') {
      const { id, answer } = decodeAnswer(payload);
      this.#answered(id, answer);
    } else {
      throw noPeer(`a frame of the kind ${kind} is no answer`);
    }
  }

  #welcomed(): void {
    const { clock, log, id, connected } = this.#options;
    const connection = must(this.#connection, 'who is welcomed is connected');
    this.#patience?.cancel();
    this.#connectedSinceMs = clock.monotonic();
    this.#complained = '';
    this.#retryMs = reconnectMs;
    connection.trust();
    log.info({ peer: hexId(id), address: this.address }, 'connected to a peer');
    const queue = this.#queue;
    this.#queue = [];
    this.#queuedBytes = 0;
    if (queue.length > 0) writeMessages(connection, queue);
    connected();
  }

  #lost(reason: QuorateError): void {
    if (this.#closed) return;
    const { clock, log, id, addresses, disconnected, refused } = this.#options;
    const wasConnected = this.#connectedSinceMs !== undefined;
    this.#patience?.cancel();
    this.#connection = undefined;
    this.#connectedSinceMs = undefined;
    if (reason.message !== this.#complained) {
      this.#complained = reason.message;
      log.warn(
        { peer: hexId(id), address: this.address, reason: reason.message },
        'no connection to a peer',
      );
    }
    this.#failCalls(reason);
    if (addresses.length > 1) this.#at++;
    this.#retry = clock.after(this.#retryMs, () => this.#open());
    this.#retryMs = Math.min(reconnectMaxMs, 2 * this.#retryMs);
    if (wasConnected) {
      this.#options.traffic.disconnects++;
      disconnected();
    }
    if (isRefusal(reason)) refused(reason);
  }

  #answered(id: number, answer: PeerAnswer): void {
    const waiting = this.#calls.get(id);
    if (!waiting) return;
    this.#calls.delete(id);
    waiting.timer.cancel();
    waiting.resolve(answer);
  }

  #failCalls(error: QuorateError): void {
    for (const id of this.#calls.keys()) this.#answered(id, { error });
  }
}

/** In batches, so that no frame is much larger than a message must be. */
function writeMessages(connection: Connection, messages: readonly Message[]): void {
  let from = 0;
  let bytes = 0;
  for (let i = 0; i < messages.length; i++) {
    bytes += messageBytes(messages[i] as Message);
    if (bytes < batchBytes && i + 1 < messages.length) continue;
    connection.write('messages', encodeBatch(messages.slice(from, i + 1)));
    from = i + 1;
    bytes = 0;
  }
}

function isRequest(message: Message): boolean {
  return message.type === 'propose' || message.type === 'read-index';
}

function messageBytes(message: Message): number {
  if (message.type !== 'append' && message.type !== 'propose') return 64;
  return message.entries.reduce((sum, { data }) => sum + data.length + 32, 64);
}
