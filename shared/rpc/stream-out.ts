import type { ServerWritableStream } from '@grpc/grpc-js';
import { QuorateError } from '#shared/base';
import { toStatus } from './errors.ts';

export const stoppingError = (): QuorateError =>
  new QuorateError('unavailable', 'the server is stopping');

/**
 * Answers a streaming call with what `source` yields, at the client's pace: while the connection
 * does not take more, nothing is pulled. `source` is given a signal that aborts with the call.
 * `stopping` ends the call with `unavailable`, so that the client turns to another server.
 */
export function streamOut<Req, Res>(
  call: ServerWritableStream<Req, Res>,
  stopping: AbortSignal | undefined,
  source: (signal: AbortSignal) => AsyncIterable<Res>,
): void {
  const ended = new AbortController();
  const end = (): void => ended.abort();
  call.on('cancelled', end);
  call.on('error', end);
  call.on('close', end);
  const stop = (): void => {
    if (ended.signal.aborted) return;
    ended.abort();
    call.emit('error', toStatus(stoppingError()));
  };
  stopping?.addEventListener('abort', stop, { once: true });
  const run = async (): Promise<void> => {
    for await (const message of source(ended.signal)) {
      if (ended.signal.aborted) return;
      if (!call.write(message)) await drained(call, ended.signal);
    }
    call.end();
  };
  run()
    .catch((thrown: unknown) => {
      if (!ended.signal.aborted) call.emit('error', toStatus(thrown));
    })
    .finally(() => stopping?.removeEventListener('abort', stop));
}

function drained(call: NodeJS.EventEmitter, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    const done = (): void => {
      call.off('drain', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    call.on('drain', done);
    signal.addEventListener('abort', done);
  });
}
