import type { Event, WatchRequest } from '#shared/mvcc';
import type { MemberHost } from '#services/store';

type Streams = MemberHost['watches'];
type Stream = ReturnType<Streams['open']>;
type Reply = Parameters<Parameters<Streams['open']>[0]>[0];

export interface StreamHandler {
  created(header: { revision: number }): void;
  events(events: readonly Event[], header: { revision: number }): void;
  progress(header: { revision: number }): void;
  ended(error: Error, compactRevision?: number): void;
}

interface Watching {
  readonly handler: StreamHandler;
  parts: Event[];
  id: bigint | undefined;
}

export interface StreamOptions {
  /** Takes so long over each reply, and can take no other meanwhile; 0: never. */
  readonly slowMs: () => number;
  readonly after: (ms: number, fn: () => void) => void;
}

/** One stream with many watches, as clients of etcd have it: split replies are put together again. */
export class SimStream {
  readonly #stream: Stream;
  readonly #options: StreamOptions;
  readonly #waiting: Watching[] = [];
  readonly #watches = new Map<bigint, Watching>();
  /** Of all that there were: whoever is late with a reply shall not be taken for another one. */
  readonly #ids = new Set<bigint>();
  /** By this client: whoever cancels one may be given it again. */
  readonly #chosen = new Set<bigint>();
  /** Replies to cancelled ones are still on their way. */
  readonly #gone = new Set<bigint>();
  #busy = false;

  constructor(streams: Streams, options: StreamOptions) {
    this.#options = options;
    this.#stream = streams.open((reply) => this.#receive(reply));
  }

  /** Returns how to cancel it. */
  watch(request: WatchRequest, handler: StreamHandler): () => void {
    const watching: Watching = { handler, parts: [], id: undefined };
    this.#waiting.push(watching);
    const watchId = this.#chooses();
    this.#stream.create({ ...request, progressNotify: true, watchId, fragment: true });
    return () => {
      if (watching.id === undefined || !this.#watches.delete(watching.id)) return;
      this.#gone.add(watching.id);
      this.#stream.cancel(watching.id);
      this.#gone.delete(watching.id);
    };
  }

  /** At times an id that will come up later; 0: any will do. */
  #chooses(): bigint {
    if (this.#ids.size % 3 !== 1) return 0n;
    const highest = [...this.#ids].reduce((a, b) => (a > b ? a : b), 0n);
    this.#chosen.add(highest + 2n);
    return highest + 2n;
  }

  requestProgress(): void {
    this.#stream.requestProgress();
  }

  #receive(reply: Reply): boolean {
    this.#take(reply);
    const slowMs = this.#options.slowMs();
    if (slowMs === 0 || this.#busy) return !this.#busy;
    this.#busy = true;
    this.#options.after(slowMs, () => {
      this.#busy = false;
      this.#stream.drained();
    });
    return false;
  }

  #take({
    header,
    watchId,
    created,
    canceled,
    compactRevision,
    cancelReason,
    ...reply
  }: Reply): void {
    if (created) {
      this.#begin(watchId, header, cancelReason);
      return;
    }
    if (watchId === -1n) {
      for (const { handler } of this.#watches.values()) handler.progress(header);
      return;
    }
    if (this.#gone.has(watchId)) return;
    const watching = this.#watches.get(watchId);
    if (!watching) throw new Error(`a reply for watch ${watchId}, which nobody has`);
    if (canceled) {
      this.#watches.delete(watchId);
      watching.handler.ended(new Error(cancelReason ?? 'cancelled'), compactRevision);
      return;
    }
    const { events = [], fragment } = reply;
    if (events.length === 0) {
      watching.handler.progress(header);
      return;
    }
    watching.parts.push(...events);
    if (fragment) return;
    const whole = watching.parts;
    watching.parts = [];
    watching.handler.events(whole, header);
  }

  #begin(id: bigint, header: Reply['header'], refusal: string | undefined): void {
    const watching = this.#waiting.shift();
    if (!watching || refusal !== undefined) throw new Error(`a watch was refused: ${refusal}`);
    const given = this.#chosen.has(id) ? this.#watches : this.#ids;
    if (given.has(id)) throw new Error(`two watches of a stream are ${id}`);
    this.#ids.add(id);
    watching.id = id;
    this.#watches.set(id, watching);
    watching.handler.created(header);
  }
}
