import type {
  Event,
  ResponseHeader,
  Watcher,
  WatchHub,
  WatchRequest,
  WatchSink,
} from '#shared/mvcc';

/** What goes out on a stream: a `WatchResponse`. */
export interface WatchReply {
  readonly header: ResponseHeader;
  /** -1: about the whole stream. */
  readonly watchId: bigint;
  readonly created?: boolean;
  readonly canceled?: boolean;
  readonly compactRevision?: number;
  readonly cancelReason?: string;
  readonly fragment?: boolean;
  readonly events?: readonly Event[];
}

export interface WatchCreate extends WatchRequest {
  /** 0n: chosen here. */
  readonly watchId: bigint;
  readonly fragment: boolean;
}

export interface WatchStreamOptions {
  readonly hub: WatchHub;
  readonly header: (revision: number) => ResponseHeader;
  /** False: the consumer is slow; `drained` is called when it has caught up. */
  readonly send: (reply: WatchReply) => boolean;
  /** There is work for `WatchHub.syncSlice`. */
  readonly wake: () => void;
  /** Events of one reply, in bytes, where they may be split. */
  readonly maxReplyBytes: number;
}

const wholeStream = -1n;
const compacted = 'etcdserver: mvcc: required revision has been compacted';
const maxWatchId = 0x7fff_ffff_ffff_ffffn;

/**
 * The watches of one stream. Replies leave in the order they were made: `created` before the first
 * event, in the order of the requests. While the consumer is slow its watches take nothing more:
 * the hub holds them and they read on from history, so a slow client costs no memory.
 */
export class WatchStream {
  readonly #options: WatchStreamOptions;
  readonly #watches = new Map<bigint, StreamWatch>();
  #nextId = 0n;
  #paused = false;
  #progressWanted = false;

  constructor(options: WatchStreamOptions) {
    this.#options = options;
  }

  create(request: WatchCreate): void {
    const { hub, header } = this.#options;
    const refusal = this.#refusal(request);
    if (refusal !== undefined) {
      this.refuse(refusal);
      return;
    }
    const revision = hub.revision;
    const id = request.watchId === 0n ? this.#freeId() : request.watchId;
    this.send({ header: header(revision), watchId: id, created: true });
    const watch = new StreamWatch(this, id, request.fragment, this.#options);
    this.#watches.set(id, watch);
    watch.watcher = hub.add(request, watch);
    if (!watch.watcher.synced) this.#options.wake();
  }

  /** Instead of creating a watch. */
  refuse(cancelReason: string): void {
    const { hub, header } = this.#options;
    this.send({
      header: header(hub.revision),
      watchId: wholeStream,
      created: true,
      canceled: true,
      cancelReason,
    });
  }

  /** An unknown id is ignored, as etcd does. */
  cancel(id: bigint): void {
    const watch = this.#watches.get(id);
    if (!watch) return;
    watch.flush();
    this.forget(id);
    const { hub, header } = this.#options;
    this.send({ header: header(hub.revision), watchId: id, canceled: true });
  }

  /** Answered once every watch of the stream has everything. */
  requestProgress(): void {
    this.#progressWanted = true;
    this.answerProgress();
  }

  answerProgress(): void {
    if (!this.#progressWanted || this.#paused) return;
    for (const { watcher } of this.#watches.values()) if (!watcher?.synced) return;
    this.#progressWanted = false;
    const { hub, header } = this.#options;
    for (const watch of this.#watches.values()) watch.flush();
    this.send({ header: header(hub.revision), watchId: wholeStream });
  }

  /** Now and then: watches that asked for it and had nothing for a while hear that all is well. */
  notifyProgress(): void {
    if (this.#paused) return;
    const { hub, header } = this.#options;
    for (const [id, watch] of this.#watches) {
      const idle = watch.idleSinceLastLook();
      if (!idle || !watch.watcher?.synced || !watch.watcher.request.progressNotify) continue;
      this.send({ header: header(hub.revision), watchId: id });
    }
  }

  /** The consumer takes more. */
  drained(): void {
    this.#paused = false;
    for (const watch of this.#watches.values()) {
      if (this.#paused) return;
      watch.flush();
      if (watch.watcher) this.#options.hub.resume(watch.watcher);
    }
    this.#options.wake();
    this.answerProgress();
  }

  close(): void {
    this.#progressWanted = false;
    for (const id of this.#watches.keys()) this.forget(id);
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** For its watches. */
  send(reply: WatchReply): void {
    if (!this.#options.send(reply)) this.#paused = true;
  }

  forget(id: bigint): void {
    const watcher = this.#watches.get(id)?.watcher;
    this.#watches.delete(id);
    if (watcher) this.#options.hub.remove(watcher);
  }

  #refusal({ key, rangeEnd, watchId, startRevision = 0 }: WatchCreate): string | undefined {
    if (startRevision < 0) return compacted;
    if (watchId !== 0n && this.#watches.has(watchId)) {
      return 'mvcc: duplicate watch ID provided on the WatchStream';
    }
    const open = rangeEnd === undefined || rangeEnd === '\0';
    return open || key < rangeEnd ? undefined : 'mvcc: watcher range is empty';
  }

  #freeId(): bigint {
    while (this.#watches.has(this.#nextId)) this.#nextId++;
    const id = this.#nextId;
    this.#nextId = id === maxWatchId ? 0n : id + 1n;
    return id;
  }
}

/** One watch: gathers what one turn brings it, and sends it as one reply. */
class StreamWatch implements WatchSink {
  watcher: Watcher | undefined;
  readonly #stream: WatchStream;
  readonly #id: bigint;
  readonly #fragment: boolean;
  readonly #options: WatchStreamOptions;
  #gathered: Event[] = [];
  #gatheredBytes = 0;
  #revision = 0;
  #busy = true;

  constructor(stream: WatchStream, id: bigint, fragment: boolean, options: WatchStreamOptions) {
    this.#stream = stream;
    this.#id = id;
    this.#fragment = fragment;
    this.#options = options;
  }

  events(events: readonly Event[], revision: number): boolean {
    if (this.#stream.paused) return false;
    if (this.#gathered.length === 0) queueMicrotask(() => this.flush());
    for (const event of events) {
      this.#gathered.push(event);
      this.#gatheredBytes += eventBytes(event);
    }
    this.#revision = revision;
    if (this.#gatheredBytes > this.#options.maxReplyBytes) this.flush();
    return true;
  }

  compacted(compactRevision: number): void {
    this.flush();
    this.#stream.forget(this.#id);
    this.#stream.send({
      header: this.#options.header(this.#options.hub.revision),
      watchId: this.#id,
      canceled: true,
      compactRevision,
      cancelReason: compacted,
    });
  }

  idleSinceLastLook(): boolean {
    const idle = !this.#busy;
    this.#busy = false;
    return idle;
  }

  flush(): void {
    if (this.#gathered.length === 0) return;
    const events = this.#gathered;
    const bytes = this.#gatheredBytes;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    this.#busy = true;
    const header = this.#options.header(Math.max(this.#revision, this.#options.hub.revision));
    const whole = bytes <= this.#options.maxReplyBytes || !this.#fragment;
    const parts = whole ? [events] : split(events, this.#options.maxReplyBytes);
    for (const [i, part] of parts.entries()) {
      const fragment = i < parts.length - 1;
      this.#stream.send({ header, watchId: this.#id, events: part, fragment });
    }
  }
}

const eventOverheadBytes = 40;

function eventBytes({ kv, prevKv }: Event): number {
  const previous = prevKv ? prevKv.key.length + prevKv.value.length + eventOverheadBytes : 0;
  return kv.key.length + kv.value.length + eventOverheadBytes + previous;
}

function split(events: readonly Event[], maxBytes: number): Event[][] {
  const parts: Event[][] = [];
  let bytes = Infinity;
  for (const event of events) {
    const size = eventBytes(event);
    if (bytes + size > maxBytes) {
      parts.push([]);
      bytes = 0;
    }
    bytes += size;
    parts.at(-1)?.push(event);
  }
  return parts;
}
