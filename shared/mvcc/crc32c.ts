/** Castagnoli's polynomial, reflected. */
const polynomial = 0x82f63b78;

const table = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1;
  return value;
});

/** CRC-32C (RFC 3720) of `bytes`, going on from the `crc` of what came before. */
export function crc32c(bytes: Uint8Array, crc = 0): number {
  let state = ~crc;
  for (let i = 0; i < bytes.length; i++) {
    state = (table[(state ^ (bytes[i] as number)) & 0xff] as number) ^ (state >>> 8);
  }
  return ~state >>> 0;
}
