import { messageOf } from '#shared/base';
import { badRequest } from '#shared/api';

/** Far beyond any manifest, far below what recursion over the value could not bear. */
const maxDepth = 200;

export const toJson = (object: object): Buffer => Buffer.from(JSON.stringify(object));

/** A request's bytes as a JSON value. Throws `bad-request`, naming the field of the request. */
export function fromJson(bytes: Buffer, what: string): unknown {
  if (bytes.length === 0) throw badRequest(`${what}: Required value: a JSON object`);
  checkDepth(bytes, what);
  try {
    return JSON.parse(bytes.toString());
  } catch (thrown) {
    const why = messageOf(thrown);
    throw badRequest(`${what}: the body is not valid JSON: ${why}`);
  }
}

const quote = 0x22;
const backslash = 0x5c;

function checkDepth(bytes: Buffer, what: string): void {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (inString) {
      if (byte === backslash) i += 1;
      else if (byte === quote) inString = false;
    } else if (byte === quote) inString = true;
    else if (byte === 0x7b || byte === 0x5b) {
      depth += 1;
      if (depth > maxDepth) throw badRequest(`${what}: nested more than ${maxDepth} levels deep`);
    } else if (byte === 0x7d || byte === 0x5d) depth -= 1;
  }
}
