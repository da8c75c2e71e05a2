import type { KvClient, KvWatch } from '#shared/client';
import type { Clock } from '#shared/clock';
import type { WatchRequest } from '#shared/mvcc';
import type { Recorder } from './recorder.ts';

const hearOutMs = 60_000;
/** A member that has not answered for so long is down, or cut off. */
const silentMs = 5000;
const pollMs = 20;

/** A recorded watch at one member, for all that happens under a prefix. */
export class Listener {
  readonly #kv: KvClient;
  readonly #recorder: Recorder;
  readonly #clock: Clock;
  readonly #key: string;
  readonly #watch: KvWatch;
  #heard = 0;
  #ended = false;

  constructor(kv: KvClient, recorder: Recorder, clock: Clock, request: WatchRequest) {
    this.#kv = kv;
    this.#recorder = recorder;
    this.#clock = clock;
    this.#key = request.key;
    this.#watch = recorder.kv(kv).watch(request, {
      events: (_events, { revision }) => (this.#heard = revision),
      ended: () => (this.#ended = true),
    });
  }

  /**
   * Waits until it has heard of `revision`, the last that there is for it; the history then says that it
   * must have. Where its member does not answer, nothing is waited for and nothing said.
   */
  async hearOut(revision: number): Promise<void> {
    const now = (): number => this.#clock.monotonic();
    const until = now() + hearOutMs;
    let answeredMs = now();
    while (this.#heard < revision && !this.#ended && now() < until) {
      const read = this.#kv.range({ key: this.#key, countOnly: true });
      const answers = await read.then(
        () => true,
        () => false,
      );
      if (answers) answeredMs = now();
      else if (now() - answeredMs > silentMs) return;
      await this.#clock.sleep(pollMs);
    }
    if (!this.#ended) this.#recorder.mustHaveHeard(this.#watch, revision);
  }

  close(): Promise<void> {
    return this.#kv.close();
  }
}
