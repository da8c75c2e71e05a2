import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { type MethodDefinition, type StatusObject, status } from '@grpc/grpc-js';
import { messageOf, QuorateError } from '#shared/base';

/** Of a message: one byte for its compression, four for its length. */
export const prefixBytes = 5;

const okHeaders = { ':status': 200, 'content-type': 'application/grpc' };
/**
 * Of an answer. As a list they are not copied, looked up and enumerated for each answer: a tenth of what a server
 * takes that does nothing else. Older versions would send a list's places as names.
 */
export const answerHeaders = takesLists(process.versions.node)
  ? Object.entries(okHeaders).flatMap(([name, value]) => [name, String(value)])
  : okHeaders;
/** Each header more, a date or a text for success, costs every answer; etcd's have none either. */
export const okTrailers = { 'grpc-status': '0' };
export const withTrailers = { waitForTrailers: true, sendDate: false };
const asTrailers = { endStream: true, sendDate: false };

/** Whether `respond` of this version of Node.js takes headers as a list: 22.20, and from 24.7 on. */
export function takesLists(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major === 22) return minor >= 20;
  return major > 24 || (major === 24 && minor >= 7);
}

export function isGrpc(headers: IncomingHttpHeaders): boolean {
  return /^application\/grpc($|[+;])/.test(headers['content-type'] ?? '');
}

/** Messages are not compressed, as with etcd: that is said in its words. */
export function unknownEncoding(headers: IncomingHttpHeaders): Partial<StatusObject> | undefined {
  const encoding = headers['grpc-encoding'] ?? 'identity';
  if (encoding === 'identity' || encoding === '') return undefined;
  const details = `grpc: Decompressor is not installed for grpc-encoding ${JSON.stringify(encoding)}`;
  return { code: status.UNIMPLEMENTED, details };
}

/** Why a message that begins like this is not read. */
export function refusal(
  flag: number,
  length: number,
  max: number,
): Partial<StatusObject> | undefined {
  if (flag > 1) {
    return { code: status.INTERNAL, details: `grpc: received unexpected payload format ${flag}` };
  }
  if (flag === 1) {
    const details = 'grpc: compressed flag set with identity or empty encoding';
    return { code: status.INTERNAL, details };
  }
  if (length <= max) return undefined;
  const details = `grpc: received message larger than max (${length} vs. ${max})`;
  return { code: status.RESOURCE_EXHAUSTED, details };
}

export function decodeRequest(
  definition: MethodDefinition<unknown, unknown>,
  body: Buffer,
): { readonly message: unknown } | { readonly refused: Partial<StatusObject> } {
  try {
    return { message: definition.requestDeserialize(body) };
  } catch (thrown) {
    const text = messageOf(thrown);
    const known = QuorateError.is(thrown, 'internal');
    const details = known ? text : `Error deserializing request: ${text}`;
    return { refused: { code: status.INTERNAL, details } };
  }
}

export function trailersOf(error: Partial<StatusObject>): Record<string, string> {
  return {
    ...(error.metadata?.toHttp2Headers() as Record<string, string> | undefined),
    'grpc-status': String(error.code ?? status.UNKNOWN),
    'grpc-message': encodeURI(error.details ?? ''),
  };
}

/** Ends a stream on which nothing was answered yet. */
export function fail(
  stream: ServerHttp2Stream,
  error: Partial<StatusObject>,
  httpStatus = okHeaders[':status'],
): void {
  if (stream.destroyed || stream.closed || stream.headersSent) return;
  stream.respond({ ...trailersOf(error), ...okHeaders, ':status': httpStatus }, asTrailers);
}
