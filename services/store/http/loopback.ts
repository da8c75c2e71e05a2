import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { type Duplex, duplexPair } from 'node:stream';

/** How a call ended, or why it never began. */
export interface GrpcStatus {
  readonly code: number;
  readonly message: string;
}

export const grpcCodes = {
  ok: 0,
  unknown: 2,
  invalidArgument: 3,
  resourceExhausted: 8,
  unavailable: 14,
} as const;

const frameHeaderBytes = 5;

/** Calls this member's own gRPC server, in process: whatever a gRPC client gets, its callers get. */
export class Loopback {
  readonly #inject: (connection: Duplex) => void;
  #session: ClientHttp2Session | undefined;

  /** `inject`: hands a connection to the gRPC server. */
  constructor(inject: (connection: Duplex) => void) {
    this.#inject = inject;
  }

  call(path: string, metadata: Readonly<Record<string, string>>): GrpcCall {
    const stream = this.#connected().request({
      ...metadata,
      ':method': 'POST',
      ':path': path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    return new GrpcCall(stream);
  }

  #connected(): ClientHttp2Session {
    if (this.#session && !this.#session.closed && !this.#session.destroyed) return this.#session;
    const [ours, theirs] = duplexPair();
    const session = connect('http://localhost', { createConnection: () => ours });
    // A session that fails fails its calls; the next one makes another.
    session.on('error', () => session.destroy());
    session.on('close', () => ours.destroy());
    this.#inject(theirs);
    this.#session = session;
    return session;
  }
}

/** One gRPC call over a bare HTTP/2 stream: bytes of messages out and in, then a status. */
export class GrpcCall {
  readonly #stream: ClientHttp2Stream;
  readonly status: Promise<GrpcStatus>;

  constructor(stream: ClientHttp2Stream) {
    this.#stream = stream;
    this.status = new Promise((resolve) => {
      const look = (headers: Readonly<Record<string, unknown>>): void => {
        const code = headers['grpc-status'];
        if (code === undefined) return;
        const { 'grpc-message': message } = headers;
        const text = typeof message === 'string' ? decodeURIComponent(message) : '';
        resolve({ code: Number(code), message: text });
      };
      stream.on('response', look);
      stream.on('trailers', look);
      stream.on('error', ({ message }) => resolve({ code: grpcCodes.unavailable, message }));
      stream.on('close', () => {
        resolve({ code: grpcCodes.unavailable, message: 'etcdserver: server stopped' });
      });
    });
  }

  send(message: Uint8Array): void {
    const header = Buffer.alloc(frameHeaderBytes);
    header.writeUInt32BE(message.length, 1);
    this.#stream.write(Buffer.concat([header, message]));
  }

  /** Nothing more is sent. */
  end(): void {
    this.#stream.end();
  }

  cancel(): void {
    this.#stream.close();
  }

  /** The messages received, at the reader's pace. */
  async *messages(): AsyncGenerator<Buffer, void> {
    let rest: Buffer = Buffer.alloc(0);
    try {
      for await (const chunk of this.#stream) {
        rest = Buffer.concat([rest, chunk as Buffer]);
        for (;;) {
          if (rest.length < frameHeaderBytes) break;
          const end = frameHeaderBytes + rest.readUInt32BE(1);
          if (rest.length < end) break;
          yield rest.subarray(frameHeaderBytes, end);
          rest = rest.subarray(end);
        }
      }
    } catch {
      // The status says why.
    }
  }
}
