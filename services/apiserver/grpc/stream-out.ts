import type { ServerWritableStream } from '@grpc/grpc-js';
import { toStatus } from '#shared/rpc';

/**
 * Answers a streaming call with what `source` yields, at the client's pace: while the connection
 * does not take more, nothing is pulled. `source` is given a signal that aborts with the call.
 */
export function streamOut<Req, Res>(
  call: ServerWritableStream<Req, Res>,
  source: (signal: AbortSignal) => AsyncIterable<Res>,
): void {
  const ended = new AbortController();
  const end = (): void => ended.abort();
  call.on('cancelled', end);
  call.on('error', end);
  call.on('close', end);
  const run = async (): Promise<void> => {
    for await (const message of source(ended.signal)) {
      if (ended.signal.aborted) return;
      if (!call.write(message)) await drained(call, ended.signal);
    }
    call.end();
  };
  run().catch((thrown: unknown) => {
    if (!ended.signal.aborted) call.emit('error', toStatus(thrown));
  });
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
