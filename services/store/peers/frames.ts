import { QuorateError } from '#shared/base';

/*
 * A connection between members carries frames: the length of what follows (32 bits, big-endian), one
 * byte that says of what kind it is, and its payload. TCP has checksums of its own, TLS better ones.
 */
export const frameKinds = {
  hello: 1,
  welcome: 2,
  /** Ends the connection; the payload is an error. */
  refusal: 3,
  messages: 4,
  call: 5,
  answer: 6,
  snapshot: 7,
  snapshotEnd: 8,
  ping: 9,
  pong: 10,
} as const;

export type FrameKind = keyof typeof frameKinds;

const kindNames = Object.fromEntries(
  Object.entries(frameKinds).map(([name, kind]) => [kind, name as FrameKind]),
);
const lengthBytes = 4;

export function frame(kind: FrameKind, payload: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(lengthBytes + 1 + payload.length);
  bytes.writeUInt32BE(payload.length + 1, 0);
  bytes[lengthBytes] = frameKinds[kind];
  bytes.set(payload, lengthBytes + 1);
  return bytes;
}

/** Takes frames out of a stream of bytes. Payloads are views of what was received. */
export class FrameReader {
  /** Longest frame that is waited for; whoever announces a longer one speaks something else. */
  maxBytes: number;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #needed = lengthBytes;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  push(chunk: Buffer, each: (kind: FrameKind, payload: Buffer) => void): void {
    let bytes = chunk;
    if (this.#bytes > 0) {
      this.#chunks.push(chunk);
      this.#bytes += chunk.length;
      if (this.#bytes < this.#needed) return;
      bytes = Buffer.concat(this.#chunks, this.#bytes);
    }
    this.#keep(bytes, this.#take(bytes, each));
  }

  #take(bytes: Buffer, each: (kind: FrameKind, payload: Buffer) => void): number {
    let at = 0;
    while (at + lengthBytes <= bytes.length) {
      const end = at + lengthBytes + this.#length(bytes, at);
      if (end > bytes.length) break;
      const kind = kindNames[bytes[at + lengthBytes] ?? 0];
      if (!kind) throw noPeer('a frame is of a kind that is not known here');
      const payload = bytes.subarray(at + lengthBytes + 1, end);
      at = end;
      each(kind, payload);
    }
    return at;
  }

  #keep(bytes: Buffer, from: number): void {
    const rest = bytes.subarray(from);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#bytes = rest.length;
    this.#needed = lengthBytes + (rest.length >= lengthBytes ? this.#length(rest, 0) : 0);
  }

  #length(bytes: Buffer, at: number): number {
    const length = bytes.readUInt32BE(at);
    if (length >= 1 && length <= this.maxBytes) return length;
    throw noPeer(`it announces a frame of ${length} bytes (at most ${this.maxBytes} are taken)`);
  }
}

export function noPeer(what: string): QuorateError {
  return new QuorateError('bad-request', `what arrives here is not the members' protocol: ${what}`);
}
