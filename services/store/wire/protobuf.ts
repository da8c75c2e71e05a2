import { QuorateError } from '#shared/base';

/*
 * Just enough of the protobuf encoding for the hot messages between members. Integers up to 2^53
 * are numbers; negative ones and full 64-bit ids take the slow way over BigInt.
 */

const varint = 0;
const lengthDelimited = 2;
const startGroup = 3;
const endGroup = 4;

const eightBytes = new DataView(new ArrayBuffer(8));

/** One growing buffer; `finish` copies out what was written and starts over. */
export class Writer {
  #bytes = Buffer.allocUnsafe(64 * 1024);
  #at = 0;

  /** Nothing is written for 0, as proto3 has it. */
  integer(field: number, value: number): void {
    if (value === 0) return;
    this.reserve(16);
    this.#varint(field * 8 + varint);
    if (value < 0) this.#bigVarint(BigInt(value));
    else this.#varint(value);
  }

  bigint(field: number, value: bigint): void {
    if (value === 0n) return;
    this.reserve(16);
    this.#varint(field * 8 + varint);
    this.#bigVarint(value);
  }

  boolean(field: number, value: boolean | undefined): void {
    if (value) this.integer(field, 1);
  }

  bytes(field: number, value: Uint8Array): void {
    if (value.length > 0) this.bytesAlways(field, value);
  }

  /** Also where empty: a member of a oneof, or an element of a list. */
  bytesAlways(field: number, value: Uint8Array): void {
    this.reserve(16 + value.length);
    this.#varint(field * 8 + lengthDelimited);
    this.#varint(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  /** A string of one byte per character. */
  latin1(field: number, value: string | undefined): void {
    if (value === undefined || value === '') return;
    this.reserve(16 + value.length);
    this.#varint(field * 8 + lengthDelimited);
    this.#varint(value.length);
    this.#bytes.write(value, this.#at, 'latin1');
    this.#at += value.length;
  }

  string(field: number, value: string): void {
    this.bytesAlways(field, Buffer.from(value, 'utf8'));
  }

  message(field: number, write: () => void): void {
    this.reserve(16);
    this.#varint(field * 8 + lengthDelimited);
    const start = this.#at;
    write();
    const length = this.#at - start;
    const prefix = varintBytes(length);
    this.reserve(prefix);
    this.#bytes.copyWithin(start + prefix, start, this.#at);
    this.#at = start;
    this.#varint(length);
    this.#at = start + prefix + length;
  }

  integers(field: number, values: readonly number[]): void {
    if (values.length === 0) return;
    this.message(field, () => {
      for (const value of values) {
        this.reserve(16);
        this.#varint(value);
      }
    });
  }

  get length(): number {
    return this.#at;
  }

  /** What was written from there on, as a copy. */
  since(at: number): Buffer {
    const result = Buffer.allocUnsafe(this.#at - at);
    this.#bytes.copy(result, 0, at, this.#at);
    return result;
  }

  /** Whole fields, as `since` gave them. */
  fields(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** The beginning of a message whose bytes follow, `bytes` of them. */
  begin(field: number, bytes: number): void {
    this.reserve(16);
    this.#varint(field * 8 + lengthDelimited);
    this.#varint(bytes);
  }

  /** What is small shares its memory with what was finished just before and after. */
  finish(): Buffer {
    const length = this.#at;
    this.#at = 0;
    // What is large is handed over as it is: its copy would cost as much as writing it.
    if (this.#bytes.length > 1 << 20) {
      const large = this.#bytes.subarray(0, length);
      this.#bytes = Buffer.allocUnsafe(64 * 1024);
      return large;
    }
    const result = Buffer.allocUnsafe(length);
    this.#bytes.copy(result, 0, 0, length);
    return result;
  }

  /** What an encoder that threw has left behind must not reach the next message. */
  reset(): void {
    this.#at = 0;
  }

  /** Makes room for so many bytes more: at once, by whoever knows that many will come. */
  reserve(bytes: number): void {
    const needed = this.#at + bytes;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }

  #varint(value: number): void {
    let rest = value;
    while (rest > 0x7fff_ffff) {
      this.#bytes[this.#at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest > 0x7f) {
      this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#at++] = rest;
  }

  /** In two halves: arithmetic on a bigint makes a new one at every step. */
  #bigVarint(value: bigint): void {
    eightBytes.setBigUint64(0, value);
    let high = eightBytes.getUint32(0);
    let low = eightBytes.getUint32(4);
    while (high > 0) {
      this.#bytes[this.#at++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.#varint(low);
  }
}

export function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}

/** Reads one message, or the part of it that a length-delimited field spans. */
export class Reader {
  readonly #bytes: Buffer;
  #at: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.#bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = at;
    this.#end = end;
  }

  get done(): boolean {
    return this.#at >= this.#end;
  }

  /** The next field's number; its value is read by the method that fits, or by `skip`. */
  field(): number {
    this.#tag = this.integer();
    return this.#tag >>> 3;
  }
  #tag = 0;

  integer(): number {
    let result = 0;
    let factor = 1;
    for (let i = 0; i < 10; i++) {
      const byte = this.#byte();
      result += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        // Ten bytes: a negative number in two's complement.
        return i === 9 ? this.#negative() : result;
      }
      factor *= 128;
    }
    throw malformed();
  }

  bigint(): bigint {
    let result = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      result |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, result);
    }
    throw malformed();
  }

  boolean(): boolean {
    return this.integer() !== 0;
  }

  /** A view. */
  bytes(): Buffer {
    const end = this.#span();
    const result = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return result;
  }

  latin1(): string {
    const end = this.#span();
    const result = this.#bytes.toString('latin1', this.#at, end);
    this.#at = end;
    return result;
  }

  string(): string {
    return this.bytes().toString('utf8');
  }

  message(): Reader {
    const end = this.#span();
    const result = new Reader(this.#bytes, this.#at, end);
    this.#at = end;
    return result;
  }

  integers(): number[] {
    const part = this.message();
    const values: number[] = [];
    while (!part.done) values.push(part.integer());
    return values;
  }

  /** A field of a newer version. */
  skip(): void {
    switch (this.#tag & 7) {
      case varint:
        this.bigint();
        return;
      case 1:
        this.#at += 8;
        return;
      case lengthDelimited:
        this.#at = this.#span();
        return;
      case startGroup:
        this.#skipGroup();
        return;
      case 5:
        this.#at += 4;
        return;
      default:
        throw malformed();
    }
  }

  /** With the groups in it. No message of etcd's has any, but they may be unknown fields. */
  #skipGroup(): void {
    for (let depth = 1; depth > 0; ) {
      this.field();
      const wireType = this.#tag & 7;
      if (wireType === startGroup) depth++;
      else if (wireType === endGroup) depth--;
      else this.skip();
    }
  }

  #byte(): number {
    if (this.#at >= this.#end) throw malformed();
    return this.#bytes[this.#at++] as number;
  }

  #span(): number {
    const end = this.integer() + this.#at;
    if (end > this.#end) throw malformed();
    return end;
  }

  #negative(): number {
    this.#at -= 10;
    return Number(this.bigint());
  }
}

function malformed(): QuorateError {
  return new QuorateError('data-loss', 'a message is malformed');
}
