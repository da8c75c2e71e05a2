import http2, { type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';

/** A message with the five bytes that gRPC puts before it. */
export function framed(message: Buffer): Buffer {
  const frame = Buffer.alloc(5 + message.length);
  frame.writeUInt32BE(message.length, 1);
  message.copy(frame, 5);
  return frame;
}

/**
 * One gRPC stream on bare HTTP/2, whose answers are counted and not decoded: the tool must not be
 * slower than what it measures.
 */
export class GrpcStream {
  readonly #stream: ClientHttp2Stream;
  /** Bytes still to come of the frame that is being received; its header may be cut, too. */
  #missing = 0;
  #header = Buffer.alloc(0);

  /** `answered` is called for each chunk of answers, with how many of them ended in it. */
  constructor(
    session: ClientHttp2Session,
    path: string,
    answered: (count: number) => void,
    failed: (error: Error) => void,
  ) {
    this.#stream = session.request({
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    this.#stream.on('error', failed);
    this.#stream.on('response', (headers) => {
      const status = headers['grpc-status'];
      if (status !== undefined) failed(new Error(`${path}: grpc-status ${String(status)}`));
    });
    this.#stream.on('data', (chunk: Buffer) => {
      const count = this.#ended(chunk);
      if (count > 0) answered(count);
    });
  }

  write(frame: Buffer): void {
    this.#stream.write(frame);
  }

  close(): void {
    this.#stream.close();
  }

  #ended(chunk: Buffer): number {
    let count = 0;
    let at = 0;
    while (at < chunk.length) {
      if (this.#missing === 0) {
        const header = Buffer.concat([
          this.#header,
          chunk.subarray(at, at + 5 - this.#header.length),
        ]);
        at += header.length - this.#header.length;
        this.#header = header;
        if (header.length < 5) break;
        this.#missing = header.readUInt32BE(1);
        this.#header = Buffer.alloc(0);
        if (this.#missing === 0) count++;
        continue;
      }
      const taken = Math.min(this.#missing, chunk.length - at);
      this.#missing -= taken;
      at += taken;
      if (this.#missing === 0) count++;
    }
    return count;
  }
}

/** Sessions to one endpoint, and the streams on them; closed as one. */
export class GrpcStreams {
  readonly #sessions: ClientHttp2Session[] = [];
  readonly streams: GrpcStream[] = [];
  readonly failed: Promise<never>;
  #fail: (error: Error) => void = () => undefined;

  constructor() {
    this.failed = new Promise<never>((_resolve, reject) => {
      this.#fail = reject;
    });
    // Where nobody waits at that moment, the next one who does will hear it.
    this.failed.catch(() => undefined);
  }

  open(
    endpoint: string,
    path: string,
    { connections, streams }: { connections: number; streams: number },
    answered: (stream: number, count: number) => void,
  ): void {
    for (let i = 0; i < connections; i++) {
      const session = http2.connect(`http://${endpoint}`);
      session.on('error', this.#fail);
      this.#sessions.push(session);
      for (let j = 0; j < streams; j++) {
        const number = this.streams.length;
        const each = (count: number): void => answered(number, count);
        this.streams.push(new GrpcStream(session, path, each, this.#fail));
      }
    }
  }

  close(): void {
    this.#fail = () => undefined;
    for (const session of this.#sessions) session.destroy();
  }
}
