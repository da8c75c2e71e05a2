import type { Http2ServerRequest, ServerHttp2Stream } from 'node:http2';
import { requestTooLarge } from '#shared/api';
import { QuorateError } from '#shared/base';
import type { Clock } from '#shared/clock';

/** As Kubernetes: a little over what an object may have, for a patch of it. */
const maxBodyBytes = 3 * 1024 * 1024;

/** Of what nobody asked for so much is taken and thrown away, so that who sends it hears the answer. */
const maxDiscardedBytes = 16 * 1024 * 1024;

/** As long as Kubernetes waits for all of a request. */
export const uploadMs = 60_000;

/** All that the client sends. Throws `too-large`, `deadline-exceeded` and `canceled`. */
export async function readUpload(request: Http2ServerRequest, clock: Clock): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) throw bodyTooLarge();
  const chunks: Buffer[] = [];
  const end = await receive(request, clock, maxBodyBytes, (chunk) => chunks.push(chunk));
  if (end === 'over') return Buffer.concat(chunks);
  if (end === 'too-large') throw bodyTooLarge();
  if (end === 'gone') throw new QuorateError('canceled', 'the client has left');
  const seconds = uploadMs / 1000;
  throw new QuorateError(
    'deadline-exceeded',
    `Timeout: request did not complete within the allotted timeout: its body was still being sent after ${seconds} s`,
  );
}

/**
 * Takes what the client still sends, up to limits. A connection that ends with something unread is reset, and
 * with it goes an answer that was on its way.
 */
export async function discardUpload(request: Http2ServerRequest, clock: Clock): Promise<void> {
  await receive(request, clock, maxDiscardedBytes, () => undefined);
}

/** Whether all of it has come, and been taken. */
export function isUploaded(request: Http2ServerRequest): boolean {
  const stream = request.stream as ServerHttp2Stream | undefined;
  return request.complete || stream?.endAfterHeaders === true;
}

type End = 'over' | 'too-large' | 'late' | 'gone';

function receive(
  request: Http2ServerRequest,
  clock: Clock,
  maxBytes: number,
  take: (chunk: Buffer) => void,
): Promise<End> {
  if (request.readableEnded) return Promise.resolve('over');
  if (request.destroyed) return Promise.resolve('gone');
  const { promise, resolve } = Promise.withResolvers<End>();
  const finish = (end: End): void => {
    timer.cancel();
    request.off('data', onData).off('end', onEnd).off('close', onClose).pause();
    resolve(end);
  };
  let length = 0;
  const onData = (chunk: Buffer): void => {
    length += chunk.length;
    if (length > maxBytes) finish('too-large');
    else take(chunk);
  };
  const onEnd = (): void => finish('over');
  const onClose = (): void => finish('gone');
  const timer = clock.after(uploadMs, () => finish('late'));
  request.on('data', onData).on('end', onEnd).on('close', onClose);
  return promise;
}

const bodyTooLarge = (): QuorateError =>
  requestTooLarge(`Request entity too large: limit is ${maxBodyBytes}`);
