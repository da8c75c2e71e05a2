import { QuorateError } from '#shared/base';
import type { Clock, Timer } from '#shared/clock';
import { fromServiceError } from '#shared/rpc';
import type { HeartbeatRequest } from '../rpc/gen/quorate/v1/HeartbeatRequest.ts';
import type { HeartbeatResponse__Output } from '../rpc/gen/quorate/v1/HeartbeatResponse.ts';
import type { NodesClient } from '../rpc/gen/quorate/v1/Nodes.ts';

/** A server that holds the connection and answers nothing is as good as gone. */
const answerTimeoutMs = 3_000;

interface Waiting {
  readonly resolve: (response: HeartbeatResponse__Output) => void;
  readonly reject: (error: QuorateError) => void;
}

/**
 * The heartbeat stream to one server: opened by the first beat and kept. The server answers every
 * beat in order, so answers are matched by position. A failure fails every beat that waits and the
 * next beat opens a new stream.
 */
export class HeartbeatStream {
  readonly #client: NodesClient;
  readonly #clock: Clock;
  #stream: ReturnType<NodesClient['Heartbeat']> | undefined;
  #waiting: Waiting[] = [];

  constructor(client: NodesClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  async send(request: HeartbeatRequest): Promise<HeartbeatResponse__Output> {
    let timer: Timer | undefined;
    const answer = new Promise<HeartbeatResponse__Output>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      const stream = this.#open();
      timer = this.#clock.after(answerTimeoutMs, () => {
        this.#fail(stream, new QuorateError('deadline-exceeded', 'no answer to a heartbeat'));
      });
      stream.write(request);
    });
    try {
      return await answer;
    } finally {
      timer?.cancel();
    }
  }

  close(): void {
    if (this.#stream) this.#fail(this.#stream, new QuorateError('canceled', 'client closed'));
  }

  #open(): ReturnType<NodesClient['Heartbeat']> {
    if (this.#stream) return this.#stream;
    const stream = this.#client.Heartbeat();
    this.#stream = stream;
    stream.on('data', (response: HeartbeatResponse__Output) => {
      if (this.#stream === stream) this.#waiting.shift()?.resolve(response);
    });
    stream.on('error', (error) => this.#fail(stream, fromServiceError(error)));
    stream.on('end', () => {
      this.#fail(stream, new QuorateError('unavailable', 'the heartbeat stream ended'));
    });
    return stream;
  }

  /** Also called a second time by the cancelled stream's own error, which is then an old one's. */
  #fail(stream: ReturnType<NodesClient['Heartbeat']>, error: QuorateError): void {
    if (this.#stream !== stream) return;
    this.#stream = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    stream.cancel();
    for (const { reject } of waiting) reject(error);
  }
}
