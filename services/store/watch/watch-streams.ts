import type { Timer } from '#shared/clock';
import type { Serving } from '../serve/context.ts';
import { headerAt } from '../serve/context.ts';
import { WatchStream, type WatchStreamOptions } from './watch-stream.ts';

/** All open watch streams of this member. */
export class OpenWatchStreams {
  readonly #serving: Serving;
  readonly #streams = new Map<WatchStream, (() => void) | undefined>();
  readonly #timer: Timer;

  constructor(serving: Serving) {
    this.#serving = serving;
    this.#timer = serving.clock.every(serving.limits.progressNotifyMs, () => {
      for (const stream of this.#streams.keys()) stream.notifyProgress();
    });
  }

  /** `leaderLost`: called when the stream must end because this member has no leader. */
  open(send: WatchStreamOptions['send'], leaderLost: (() => void) | undefined): WatchStream {
    const { state, node, limits } = this.#serving;
    const stream = new WatchStream({
      hub: state.hub,
      header: (revision) => headerAt(this.#serving, revision),
      send,
      wake: () => node.wakeIdle(),
      maxReplyBytes: limits.maxRequestBytes,
    });
    this.#streams.set(stream, leaderLost);
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
    for (const stream of this.#streams.keys()) stream.answerProgress();
  }

  leaderLost(): void {
    for (const [stream, lost] of this.#streams) {
      if (!lost) continue;
      this.close(stream);
      lost();
    }
  }

  stop(): void {
    this.#timer.cancel();
    for (const stream of this.#streams.keys()) this.close(stream);
  }
}
