import type { WatchReply } from '../watch/watch-stream.ts';
import { encodeWatchReply } from '../wire/watch.ts';

/** More than this on its way to one client, and its watches take nothing more until half of it is out. */
const waitingBytesMax = 1 << 20;
/** What a message costs beside its bytes. */
const messageBytes = 200;

export interface MessageSink {
  write(bytes: Buffer, gone: () => void): unknown;
}

/** Replies on their way to one client, counted in bytes. */
export class WatchSender {
  readonly #sink: MessageSink;
  readonly #drained: () => void;
  #waitingBytes = 0;
  #full = false;

  constructor(sink: MessageSink, drained: () => void) {
    this.#sink = sink;
    this.#drained = drained;
  }

  /** False: the client is slow; `drained` is called when it has caught up. */
  send(reply: WatchReply): boolean {
    const bytes = encodeWatchReply(reply);
    const cost = bytes.length + messageBytes;
    this.#waitingBytes += cost;
    this.#full ||= this.#waitingBytes > waitingBytesMax;
    this.#sink.write(bytes, () => this.#gone(cost));
    return !this.#full;
  }

  #gone(cost: number): void {
    this.#waitingBytes -= cost;
    if (!this.#full || this.#waitingBytes > waitingBytesMax / 2) return;
    this.#full = false;
    this.#drained();
  }
}
