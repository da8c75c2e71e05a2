import type { Timer } from '#shared/clock';
import type { Serving } from '../serve/context.ts';
import { headerAt } from '../serve/context.ts';
import { WatchStream, type WatchStreamOptions } from './watch-stream.ts';

/** All open watch streams of this member. */
export class OpenWatchStreams {
  readonly #serving: Serving;
  readonly #streams = new Set<WatchStream>();
  readonly #timer: Timer;

  constructor(serving: Serving) {
    this.#serving = serving;
    this.#timer = serving.clock.every(serving.limits.progressNotifyMs, () => {
      for (const stream of this.#streams) stream.notifyProgress();
    });
  }

  open(send: WatchStreamOptions['send']): WatchStream {
    const { state, node, limits, counters } = this.#serving;
    const stream = new WatchStream({
      hub: state.hub,
      header: (revision) => headerAt(this.#serving, revision),
      send: (reply) => {
        counters.eventsSent += reply.events?.length ?? 0;
        return send(reply);
      },
      wake: () => node.wakeIdle(),
      maxReplyBytes: limits.maxRequestBytes,
    });
    this.#streams.add(stream);
    return stream;
  }

  get size(): number {
    return this.#streams.size;
  }

  close(stream: WatchStream): void {
    if (this.#streams.delete(stream)) stream.close();
  }

  /** After the hub has moved on. */
  answerProgress(): void {
    for (const stream of this.#streams) stream.answerProgress();
  }

  stop(): void {
    this.#timer.cancel();
    for (const stream of this.#streams) this.close(stream);
  }
}
