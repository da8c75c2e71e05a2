import type { Socket } from 'node:net';
import { QuorateError } from '#shared/base';
import type { Clock, Timer } from '#shared/clock';
import type { PeerTraffic } from '../metrics/peer-traffic.ts';
import { frame, type FrameKind, FrameReader } from './frames.ts';

/** A member that froze, or a cut that nobody announces, is noticed within two of these. */
const usualPingMs = 2000;

/** Before anything is known of the other side: no more than a hello. */
const helloBytesMax = 16 << 10;
/** Between members: larger than any message can be, and what a broken length is not taken for. */
const frameBytesMax = 1 << 30;
/** More than this written and not gone out, and a writer that can wait should. */
const writeAheadBytes = 256 << 10;

export interface ConnectionEvents {
  frame(kind: FrameKind, payload: Buffer): void;
  /** All frames of one chunk have been handed over. */
  turn?(): void;
  /** Once, however it ended. */
  closed(reason: QuorateError): void;
  /** What was written has gone out. */
  drained?(): void;
}

/** One TCP or TLS connection to another member, in frames; what is written in one turn goes out at once. */
export class Connection {
  readonly #socket: Socket;
  readonly #events: ConnectionEvents;
  readonly #pingMs: number;
  readonly #clock: Clock;
  #pingedMs: number | undefined;
  /** Where this connection is counted, once it is known whose it is. */
  traffic: PeerTraffic | undefined;
  readonly #reader = new FrameReader(helloBytesMax);
  readonly #pinging: Timer;
  #heard = true;
  /** Frames of this turn. */
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #reason: QuorateError | undefined;
  #closed = false;

  constructor(socket: Socket, clock: Clock, events: ConnectionEvents, pingMs = usualPingMs) {
    this.#socket = socket;
    this.#events = events;
    this.#pingMs = pingMs;
    this.#clock = clock;
    socket.on('data', (chunk: Buffer) => this.#received(chunk));
    socket.on('error', (error) => {
      this.#reason ??= new QuorateError('unavailable', error.message, { cause: error });
    });
    socket.on('drain', () => events.drained?.());
    socket.on('close', () => this.#ended());
    this.#pinging = clock.every(pingMs, () => this.#ping());
  }

  /** `address:port` of the other side. */
  get remote(): string {
    return `${this.#socket.remoteAddress ?? 'unknown'}:${this.#socket.remotePort ?? 0}`;
  }

  get closed(): boolean {
    return this.#closed || this.#socket.destroyed;
  }

  /** Bytes that are written and have not gone out. */
  get waitingBytes(): number {
    return this.#waitingBytes + this.#socket.writableLength;
  }

  /** The other side has said who it is: larger frames may come. */
  trust(): void {
    this.#reader.maxBytes = frameBytesMax;
  }

  /** False: more has been written than goes out; `drained` tells when it has. */
  write(kind: FrameKind, payload: Uint8Array = noBytes): boolean {
    if (this.closed) return true;
    if (this.#waiting.length === 0) queueMicrotask(() => this.#flush());
    const bytes = frame(kind, payload);
    if (this.traffic) this.traffic.sentBytes += bytes.length;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    return this.waitingBytes < writeAheadBytes;
  }

  #flush(): void {
    const frames = this.#waiting;
    const [first] = frames;
    const bytes = frames.length > 1 ? Buffer.concat(frames, this.#waitingBytes) : first;
    this.#waiting = [];
    this.#waitingBytes = 0;
    if (bytes && !this.closed && this.#socket.write(bytes)) this.#events.drained?.();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** What is written still goes out. */
  end(): void {
    queueMicrotask(() => this.#socket.end());
  }

  destroy(reason?: QuorateError): void {
    this.#reason ??= reason;
    this.#socket.destroy();
  }

  #received(chunk: Buffer): void {
    this.#heard = true;
    if (this.traffic) this.traffic.receivedBytes += chunk.length;
    try {
      this.#reader.push(chunk, (kind, payload) => {
        if (kind === 'ping') this.write('pong');
        else if (kind === 'pong') this.#ponged();
        else if (!this.#socket.destroyed) this.#events.frame(kind, payload);
      });
      this.#events.turn?.();
    } catch (thrown) {
      this.destroy(QuorateError.from(thrown));
    }
  }

  #ping(): void {
    if (this.#socket.connecting) return;
    if (!this.#heard) {
      this.destroy(new QuorateError('unavailable', `nothing heard for ${this.#pingMs} ms`));
      return;
    }
    // Where the reader is held, the other side's answers are too.
    this.#heard = this.#socket.isPaused();
    this.#pingedMs = this.#clock.monotonic();
    this.write('ping');
  }

  #ponged(): void {
    if (this.#pingedMs === undefined) return;
    this.traffic?.roundTrip.observe(this.#clock.monotonic() - this.#pingedMs);
    this.#pingedMs = undefined;
  }

  #ended(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#pinging.cancel();
    this.#events.closed(
      this.#reason ?? new QuorateError('unavailable', 'the other side ended the connection'),
    );
  }
}

const noBytes = new Uint8Array();
