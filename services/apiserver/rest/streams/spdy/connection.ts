import { Duplex } from 'node:stream';
import { ByteReader } from './byte-reader.ts';
import {
  controlFrame,
  dataHead,
  flagFin,
  type FrameHead,
  frameTypes,
  headBytes,
  parseHead,
  statusCancel,
  uint32,
} from './frames.ts';
import { HeaderReader, HeaderWriter } from './headers.ts';

/** A connection of `kubectl port-forward` has two for every connection it forwards. */
const streamsMax = 1_000;

/** The server's end of a SPDY/3.1 connection whose streams the client opens. */
export class SpdyConnection {
  readonly #transport: Duplex;
  readonly #onStream: (stream: SpdyStream) => void;
  readonly #streams = new Map<number, SpdyStream>();
  readonly #headers = new HeaderReader();
  readonly #replies = new HeaderWriter();
  /** Resolves when the connection is over, however that came about. */
  readonly closed: Promise<void>;

  constructor(transport: Duplex, onStream: (stream: SpdyStream) => void) {
    this.#transport = transport;
    this.#onStream = onStream;
    // Whatever broke the connection: it is over.
    transport.on('error', () => undefined);
    this.closed = this.#run();
  }

  /** Ends the connection once what was written has gone out. */
  close(): void {
    this.#transport.end();
  }

  destroy(): void {
    this.#transport.destroy();
  }

  /** Resolves when the bytes have been handed on. */
  send(frame: Buffer): Promise<void> {
    return new Promise((resolve) => {
      if (this.#transport.writable) this.#transport.write(frame, () => resolve());
      else resolve();
    });
  }

  forget(streamId: number): void {
    this.#streams.delete(streamId);
  }

  async #run(): Promise<void> {
    try {
      const reader = new ByteReader(this.#transport as AsyncIterable<Buffer>);
      for (;;) {
        const head = await reader.exactly(headBytes);
        if (!head) break;
        await this.#frame(parseHead(head), reader);
      }
    } catch {
      // Cut off, or not SPDY: there is nobody to tell.
    }
    for (const stream of this.#streams.values()) stream.destroy();
    this.#headers.close();
    this.#replies.close();
    this.#transport.destroy();
  }

  async #frame(head: FrameHead, reader: ByteReader): Promise<void> {
    if (head.kind === 'data') {
      await this.#data(head.streamId, head.length, reader);
      if (head.flags & flagFin) void this.#streams.get(head.streamId)?.receive(null);
      return;
    }
    const payload = await reader.exactly(head.length);
    if (!payload) return;
    if (head.type === frameTypes.synStream) await this.#synStream(payload, head.flags);
    else if (head.type === frameTypes.rstStream) {
      this.#streams.get(payload.readUInt32BE(0) & 0x7fff_ffff)?.destroy();
    } else if (head.type === frameTypes.ping) {
      await this.send(controlFrame(frameTypes.ping, payload));
    }
    // Windows, settings and the client's goodbye change nothing here.
  }

  /** At the pace of whoever reads the stream: the others wait with it, as their transport is one. */
  async #data(streamId: number, length: number, reader: ByteReader): Promise<void> {
    for (let left = length; left > 0; ) {
      const data = await reader.some(left);
      if (!data) return;
      left -= data.length;
      await this.#streams.get(streamId)?.receive(data);
    }
  }

  async #synStream(payload: Buffer, flags: number): Promise<void> {
    const streamId = payload.readUInt32BE(0) & 0x7fff_ffff;
    // Also where the stream is refused: every block changes what the next one means.
    const headers = await this.#headers.read(payload.subarray(10));
    if (this.#streams.size >= streamsMax) {
      const refused = 3;
      await this.send(controlFrame(frameTypes.rstStream, uint32(streamId, refused)));
      return;
    }
    const stream = new SpdyStream(this, streamId, headers);
    this.#streams.set(streamId, stream);
    const reply = Buffer.concat([uint32(streamId), await this.#replies.empty()]);
    await this.send(controlFrame(frameTypes.synReply, reply));
    if (flags & flagFin) void stream.receive(null);
    this.#onStream(stream);
  }
}

/** One stream; what the client has said of it is in `headers`. */
export class SpdyStream extends Duplex {
  readonly id: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly #connection: SpdyConnection;
  #wanted: (() => void) | undefined;

  constructor(connection: SpdyConnection, id: number, headers: ReadonlyMap<string, string>) {
    super({ allowHalfOpen: true });
    this.#connection = connection;
    this.id = id;
    this.headers = headers;
  }

  /** From the connection; null: the client sends no more. Resolves when there is room again. */
  async receive(data: Buffer | null): Promise<void> {
    if (this.destroyed || this.push(data) || data === null) return;
    await new Promise<void>((resolve) => {
      this.#wanted = resolve;
    });
  }

  override _read(): void {
    this.#wanted?.();
    this.#wanted = undefined;
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    const frame = Buffer.concat([dataHead(this.id, chunk.length), chunk]);
    void this.#connection.send(frame).then(done);
  }

  override _final(done: () => void): void {
    void this.#connection.send(dataHead(this.id, 0, flagFin)).then(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#wanted?.();
    this.#connection.forget(this.id);
    const isWhole = this.writableFinished && this.readableEnded;
    if (!isWhole) {
      void this.#connection.send(controlFrame(frameTypes.rstStream, uint32(this.id, statusCancel)));
    }
    done(error);
  }
}
