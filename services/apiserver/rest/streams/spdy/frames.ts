import { badRequest } from '#shared/api';

/** SPDY/3.1, the part that Kubernetes' clients speak: streams opened by the client, no windows. */
export const frameTypes = {
  synStream: 1,
  synReply: 2,
  rstStream: 3,
  ping: 6,
  goAway: 7,
} as const;

export const flagFin = 0x01;
/** RST_STREAM's status of a stream that is not wanted any more. */
export const statusCancel = 5;

const controlBit = 0x8000_0000;
const version = 3;
/** Of control frames; data may come in larger ones, which are never held whole. */
const controlBytesMax = 64 * 1024;

export type FrameHead =
  | {
      readonly kind: 'data';
      readonly streamId: number;
      readonly flags: number;
      readonly length: number;
    }
  | {
      readonly kind: 'control';
      readonly type: number;
      readonly flags: number;
      readonly length: number;
    };

export const headBytes = 8;

/** Throws `bad-request` for what is not SPDY/3.1. */
export function parseHead(head: Buffer): FrameHead {
  const first = head.readUInt32BE(0);
  const second = head.readUInt32BE(4);
  const flags = second >>> 24;
  const length = second & 0xff_ffff;
  if (first < controlBit) return { kind: 'data', streamId: first, flags, length };
  if (((first >>> 16) & 0x7fff) !== version) throw badRequest('SPDY: version 3 is needed');
  if (length > controlBytesMax) throw badRequest('SPDY: too large a control frame');
  return { kind: 'control', type: first & 0xffff, flags, length };
}

export function controlFrame(type: number, payload: Buffer, flags = 0): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUInt32BE((controlBit | (version << 16) | type) >>> 0, 0);
  head.writeUInt32BE(((flags << 24) | payload.length) >>> 0, 4);
  return Buffer.concat([head, payload]);
}

/** The head of a data frame; `data` follows it. */
export function dataHead(streamId: number, length: number, flags = 0): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUInt32BE(streamId, 0);
  head.writeUInt32BE(((flags << 24) | length) >>> 0, 4);
  return head;
}

export function uint32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, 4 * i);
  return bytes;
}
