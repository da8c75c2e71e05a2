import type { QuorateError } from '#shared/base';
import type { Connection } from './connection.ts';

/** With more chunks than these in memory the sender has to wait. */
const waitingMax = 4;

/** A snapshot's chunks on their way in: taken as fast as they can be written, and no faster. */
export class SnapshotIntake {
  readonly #connection: Connection;
  readonly #waiting: Uint8Array[] = [];
  #ended = false;
  #failure: QuorateError | undefined;
  #wake: (() => void) | undefined;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  push(chunk: Uint8Array): void {
    this.#waiting.push(chunk);
    if (this.#waiting.length > waitingMax) this.#connection.pause();
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  broken(reason: QuorateError): void {
    this.#failure = reason;
    this.#wake?.();
  }

  async *chunks(): AsyncGenerator<Uint8Array, void> {
    for (;;) {
      const chunk = this.#waiting.shift();
      if (chunk) {
        if (this.#waiting.length === 0) this.#connection.resume();
        yield chunk;
      } else if (this.#ended) {
        return;
      } else if (this.#failure) {
        throw this.#failure;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
