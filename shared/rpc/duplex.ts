import type { EventEmitter } from 'node:events';
import { type ClientDuplexStream, Metadata, type ServerDuplexStream } from '@grpc/grpc-js';
import type { QuorateError } from '#shared/base';
import { fromServiceError, toStatus } from './errors.ts';
import { stoppingError } from './stream-out.ts';

/** A call with a stream of messages in both directions, at the pace of whoever is slower. */
export interface DuplexCall<Out, In> {
  /** Resolves when the server has taken the call up; rejects with why it has not. */
  readonly opened: Promise<void>;
  /** Resolves when more can be taken, or never will be. */
  send(message: Out): Promise<void>;
  /** No more messages from this side. */
  end(): void;
  /** What the server sends. Throws the QuorateError the call failed with. */
  readonly received: AsyncIterable<In>;
  cancel(): void;
}

/** Wraps a client's call; `signal` cancels it. */
export function duplexCall<Out, In>(
  call: ClientDuplexStream<Out, In>,
  signal?: AbortSignal,
): DuplexCall<Out, In> {
  let failure: QuorateError | undefined;
  let over = false;
  const cancel = (): void => call.cancel();
  const opened = new Promise<void>((resolve, reject) => {
    call.once('metadata', () => resolve());
    call.once('status', () => resolve());
    // Before `end` reaches a reader, and whether or not there is one.
    call.on('error', (thrown) => {
      failure ??= fromServiceError(thrown);
      reject(failure);
    });
  });
  // Who only reads hears of the failure there.
  opened.catch(() => undefined);
  call.once('status', () => {
    over = true;
    signal?.removeEventListener('abort', cancel);
    // Writers waiting for room are let go.
    call.emit('drain');
  });
  if (signal?.aborted) cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  async function* received(): AsyncGenerator<In, void> {
    try {
      for await (const message of call) yield message as In;
    } catch (thrown) {
      throw fromServiceError(thrown);
    } finally {
      call.cancel();
    }
    await opened;
    if (failure) throw failure;
  }
  return {
    opened,
    received: { [Symbol.asyncIterator]: received },
    async send(message) {
      if (over || call.writableEnded) return;
      if (!call.write(message)) await drained(call);
    },
    end: () => void call.end(),
    cancel,
  };
}

/** The server's side of such a call. */
export interface ServedDuplex<In, Out> {
  /** What the client sends; ends when it half-closes or is gone. */
  readonly received: AsyncIterator<In>;
  /** Aborts when the client is gone or the server stops. */
  readonly signal: AbortSignal;
  /** Tells the client that its call has been taken up. */
  open(): void;
  send(message: Out): Promise<void>;
}

/** Runs `serve` for a call and ends it with what comes of that. */
export function serveDuplex<In, Out>(
  call: ServerDuplexStream<In, Out>,
  serve: (duplex: ServedDuplex<In, Out>) => Promise<void>,
  stopping?: AbortSignal,
): void {
  const gone = new AbortController();
  const leave = (): void => {
    gone.abort();
    call.emit('drain');
  };
  call.on('cancelled', leave);
  call.on('error', leave);
  const stop = (): void => {
    if (gone.signal.aborted) return;
    call.emit('error', toStatus(stoppingError()));
  };
  stopping?.addEventListener('abort', stop, { once: true });
  const duplex: ServedDuplex<In, Out> = {
    received: messagesOf(call, gone.signal),
    signal: gone.signal,
    open: () => call.sendMetadata(new Metadata()),
    async send(message) {
      if (gone.signal.aborted) return;
      if (!call.write(message)) await drained(call);
    },
  };
  serve(duplex)
    .then(() => {
      if (!gone.signal.aborted) call.end();
    })
    .catch((thrown: unknown) => {
      if (!gone.signal.aborted) call.emit('error', toStatus(thrown));
    })
    .finally(() => stopping?.removeEventListener('abort', stop));
}

async function* messagesOf<In>(
  call: ServerDuplexStream<In, unknown>,
  gone: AbortSignal,
): AsyncGenerator<In, void> {
  try {
    for await (const message of call) yield message as In;
  } catch (thrown) {
    if (!gone.aborted) throw thrown;
  }
}

const drained = (call: EventEmitter): Promise<void> =>
  new Promise((resolve) => call.once('drain', () => resolve()));
