/** Fields of protobuf messages as bytes. */

export const stringField = (number: number, text: string): Buffer =>
  lengthDelimited(number, Buffer.from(text));

export const boolField = (number: number, value: boolean): Buffer =>
  value ? Buffer.concat([varint(number << 3), varint(1)]) : Buffer.alloc(0);

export const message = (number: number, fields: readonly Buffer[]): Buffer =>
  lengthDelimited(number, Buffer.concat(fields));

const lengthDelimited = (number: number, bytes: Buffer): Buffer =>
  Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}
