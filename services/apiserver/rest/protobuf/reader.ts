import { badRequest } from '#shared/api';

/** One field of a protobuf message as it stands on the wire. */
export interface WireField {
  readonly number: number;
  /** A number's value; fixed-width ones do not occur in Kubernetes' messages. */
  readonly varint: bigint;
  /** The bytes of anything that has a length. */
  readonly bytes: Uint8Array;
}

const none = new Uint8Array();

/** The fields of a message, in order. Throws `bad-request` for bytes that are none. */
export function* readFields(bytes: Uint8Array): Generator<WireField, void> {
  const at = { offset: 0 };
  while (at.offset < bytes.length) {
    const tag = readVarint(bytes, at);
    const number = Number(tag >> 3n);
    switch (Number(tag & 7n)) {
      case 0:
        yield { number, varint: readVarint(bytes, at), bytes: none };
        break;
      case 1:
        skip(bytes, at, 8);
        break;
      case 2: {
        const length = Number(readVarint(bytes, at));
        const start = at.offset;
        skip(bytes, at, length);
        yield { number, varint: 0n, bytes: bytes.subarray(start, at.offset) };
        break;
      }
      case 5:
        skip(bytes, at, 4);
        break;
      default:
        throw damaged();
    }
  }
}

function readVarint(bytes: Uint8Array, at: { offset: number }): bigint {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = bytes[at.offset++];
    if (byte === undefined) throw damaged();
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  throw damaged();
}

function skip(bytes: Uint8Array, at: { offset: number }, length: number): void {
  at.offset += length;
  if (at.offset > bytes.length) throw damaged();
}

const damaged = (): Error => badRequest('the body of the request is not valid protobuf');
