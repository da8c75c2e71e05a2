/*
 * Go's etcd client 3.4 (Debian's etcdctl) says `:authority: http://host:port` where it is given an
 * endpoint as a URL and asks one member for its status. That is no authority, and nghttp2 resets
 * such a stream before anybody hears of it. So the scheme is cut out of the header block (RFC 7541).
 * Nor is the path of a Unix socket, which it says where it is given one: that becomes `localhost`.
 */

/** RFC 7541, appendix B, for the characters of host names, URLs and paths. */
const codes: Readonly<Record<string, string>> = Object.fromEntries(
  (
    '-010110 .010111 /011000 000000 100001 200010 3011001 4011010 5011011 6011100 7011101 8011110 ' +
    '9011111 :1011100 _100010 a00011 b100011 c00100 d100100 e00101 f100101 g100110 h100111 i00110 ' +
    'j1110100 k1110101 l101000 m101001 n101010 o00111 p101011 q1110110 r101100 s01000 t01001 ' +
    'u101101 v1110111 w1111000 x1111001 y1111010 z1111011 ' +
    'A100001 B1011101 C1011110 D1011111 E1100000 F1100001 G1100010 H1100011 I1100100 J1100101 ' +
    'K1100110 L1100111 M1101000 N1101001 O1101010 P1101011 Q1101100 R1101101 S1101110 T1101111 ' +
    'U1110000 V1110001 W1110010 X11111100 Y1110011 Z11111101'
  )
    .split(' ')
    .map((entry) => [entry.slice(1), entry.charAt(0)]),
);
const longestCode = 8;
const authorityIndex = 1;
const scheme = /^[a-z]+:\/\//;

/** The header block with an authority in place of a URL or path; undefined: nothing is in its place. */
export function withAuthority(block: Buffer): Buffer | undefined {
  try {
    return cut(block);
  } catch {
    // Not a whole block: whoever reads it next will say what is wrong with it.
    return undefined;
  }
}

function cut(block: Buffer): Buffer | undefined {
  for (let at = 0; at < block.length; ) {
    const first = block.readUInt8(at);
    if ((first & 0x80) !== 0) {
      at = readInteger(block, at, 7).end;
      continue;
    }
    if ((first & 0xe0) === 0x20) {
      at = readInteger(block, at, 5).end;
      continue;
    }
    const name = readInteger(block, at, (first & 0xc0) === 0x40 ? 6 : 4);
    const valueAt = name.value === 0 ? readString(block, name.end).end : name.end;
    const value = readString(block, valueAt);
    if (name.value === authorityIndex && value.text?.includes('/')) {
      const authority = value.text.replace(scheme, '');
      const text = Buffer.from(authority.includes('/') ? 'localhost' : authority, 'latin1');
      // Shorter than a URL of one byte's length would be, so its own length is one byte too.
      if (text.length >= 0x7f) return undefined;
      const rest = block.subarray(value.end);
      return Buffer.concat([block.subarray(0, valueAt), Buffer.of(text.length), text, rest]);
    }
    at = value.end;
  }
  return undefined;
}

function readInteger(block: Buffer, at: number, bits: number): { value: number; end: number } {
  const mask = 2 ** bits - 1;
  let value = block.readUInt8(at++) & mask;
  if (value < mask) return { value, end: at };
  for (let scale = 1; ; scale *= 128) {
    const byte = block.readUInt8(at++);
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return { value, end: at };
  }
}

/** `text` is undefined where it has other characters than a URL. */
function readString(block: Buffer, at: number): { text: string | undefined; end: number } {
  const isHuffman = (block.readUInt8(at) & 0x80) !== 0;
  const { value: length, end: start } = readInteger(block, at, 7);
  const bytes = block.subarray(start, start + length);
  const text = isHuffman ? decodeHuffman(bytes) : bytes.toString('latin1');
  return { text, end: start + length };
}

function decodeHuffman(bytes: Buffer): string | undefined {
  let text = '';
  let code = '';
  for (const byte of bytes) {
    for (const bit of byte.toString(2).padStart(8, '0')) {
      code += bit;
      const character = codes[code];
      if (character !== undefined) {
        text += character;
        code = '';
      } else if (code.length > longestCode) return undefined;
    }
  }
  // What is left is padding: ones.
  return /^1*$/.test(code) ? text : undefined;
}
