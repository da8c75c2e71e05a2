import { Transform } from 'node:stream';
import { withAuthority } from './authority.ts';

/** What an HTTP/2 client sends before its first frame. */
export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export const frameTypes = { headers: 1, priority: 2, settings: 4, windowUpdate: 8 } as const;
const frameHeaderBytes = 9;
const flags = { ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;

export interface Frame {
  readonly type: number;
  readonly isAck: boolean;
  readonly start: number;
  readonly end: number;
}

/** The frame that begins there; undefined: it is not all there yet. */
export function frameAt(bytes: Buffer, start: number): Frame | undefined {
  if (bytes.length < start + frameHeaderBytes) return undefined;
  const end = start + frameHeaderBytes + bytes.readUIntBE(start, 3);
  if (bytes.length < end) return undefined;
  const isAck = (bytes.readUInt8(start + 4) & flags.ack) !== 0;
  return { type: bytes.readUInt8(start + 3), isAck, start, end };
}

/** SETTINGS that set nothing: enough for a client to go on. */
export const emptySettings = Buffer.from([0, 0, 0, frameTypes.settings, 0, 0, 0, 0, 0]);

/** A HEADERS frame with a valid authority instead; undefined: it has nothing to mend. */
export function mendedHeaders(frame: Buffer): Buffer | undefined {
  const set = frame.readUInt8(4);
  if ((set & flags.padded) !== 0 || (set & flags.endHeaders) === 0) return undefined;
  const blockStart = frameHeaderBytes + ((set & flags.priority) === 0 ? 0 : 5);
  const block = withAuthority(frame.subarray(blockStart));
  if (!block) return undefined;
  const mended = Buffer.concat([frame.subarray(0, blockStart), block]);
  mended.writeUIntBE(mended.length - frameHeaderBytes, 0, 3);
  return mended;
}

/** Mends the HEADERS frames of what one client sends, the preface included. */
export class HeaderMender extends Transform {
  #rest: Buffer = Buffer.alloc(0);
  #begun = false;

  override _transform(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    let at = 0;
    if (!this.#begun && this.#rest.length >= preface.length) {
      this.#begun = true;
      at = preface.length;
      this.push(preface);
    }
    while (this.#begun) {
      const frame = frameAt(this.#rest, at);
      if (!frame) break;
      const bytes = this.#rest.subarray(frame.start, frame.end);
      this.push((frame.type === frameTypes.headers && mendedHeaders(bytes)) || bytes);
      at = frame.end;
    }
    this.#rest = this.#rest.subarray(at);
    done();
  }
}
