import { createRng } from '#shared/base';
import { createGrpcKvClient, type KvClient } from '#shared/client';
import { systemClock } from '#shared/clock';
import { kvWorkload, prefixEnd, type RecordedHistory, Recorder } from '#shared/workload';
import { eventually } from './eventually.ts';

export interface LoadOptions {
  /** Each on one endpoint, in turn. Default 6. */
  readonly clients?: number | undefined;
  /** Nothing may be there yet. Default: a new one. */
  readonly prefix?: string | undefined;
  /** Of all that is drawn. Default: from the time. */
  readonly seed?: number | undefined;
  /** For one call. Default 3,000: less than a partition lasts, so that clients go on asking. */
  readonly timeoutMs?: number | undefined;
}

const drainMs = 60_000;

/**
 * Clients that read and write until they are stopped, and everything they were told: a watch on each
 * endpoint sees every change. Give the history to `toBeLinearizable` and `toKeepWatchGuarantees`.
 */
export class Load {
  readonly seed: number;
  readonly #recorder = new Recorder(systemClock);
  readonly #stop = new AbortController();
  readonly #prefix: string;
  readonly #anyone: KvClient;
  readonly #clients: Promise<void>[] = [];
  readonly #watchers: { kv: KvClient; heard: number }[] = [];
  #startRevision = 0;

  constructor(endpoints: readonly string[], options: LoadOptions) {
    const { clients = 6, timeoutMs = 3000 } = options;
    this.seed = options.seed ?? Math.floor(systemClock.now()) % 2 ** 32;
    this.#prefix = options.prefix ?? `load/${this.seed.toString(36)}-${++loads}/`;
    const dial = (list: readonly string[]): KvClient =>
      createGrpcKvClient({ endpoints: list, clock: systemClock, timeoutMs });
    this.#anyone = dial(endpoints);
    for (const endpoint of endpoints) {
      this.#watchers.push({ kv: dial([endpoint]), heard: 0 });
    }
    for (let i = 0; i < clients; i++) {
      const endpoint = endpoints[i % endpoints.length] ?? '';
      this.#clients.push(this.#run(dial([endpoint]), endpoint, i));
    }
  }

  /** Resolves when watches are in place and the first write is acknowledged. */
  async started(): Promise<void> {
    const range = { key: this.#prefix, rangeEnd: prefixEnd(this.#prefix) };
    const { header } = await eventually('the store', () => this.#anyone.range(range));
    this.#startRevision = header.revision;
    for (const watcher of this.#watchers) {
      this.#recorder
        .kv(watcher.kv)
        .watch(
          { ...range, startRevision: header.revision + 1 },
          { events: (_events, { revision }) => (watcher.heard = revision), ended: () => undefined },
        );
    }
    await this.recovery();
  }

  /** Something was done to the cluster now; it shows in the timeline. */
  remark(text: string): void {
    this.#recorder.remark(text);
  }

  get operations(): number {
    return this.#recorder.operations;
  }

  /** Milliseconds from now until a write that begins from now on is acknowledged. */
  async recovery(timeoutMs = 60_000): Promise<number> {
    const sinceMs = this.#recorder.nowMs();
    const from = this.#recorder.operations;
    return eventually(
      'an acknowledged write',
      () => this.#recorder.firstWrite(from, sinceMs),
      timeoutMs,
      5,
    );
  }

  /** Ends the clients, waits until every watch has heard of the last change, and closes all. */
  async stop(): Promise<RecordedHistory> {
    this.#stop.abort();
    await Promise.all(this.#clients);
    const range = { key: this.#prefix, rangeEnd: prefixEnd(this.#prefix) };
    const { kvs } = await eventually('the store', () => this.#anyone.range(range), drainMs);
    const newest = Math.max(0, ...kvs.map(({ modRevision }) => modRevision));
    await eventually(
      'every watch',
      () => (this.#watchers.every(({ heard }) => heard >= newest) ? true : undefined),
      drainMs,
    ).catch(() => undefined);
    const { history } = this.#recorder;
    await Promise.all(
      [this.#anyone, ...this.#watchers.map(({ kv }) => kv)].map((kv) => kv.close()),
    );
    return history;
  }

  async #run(kv: KvClient, endpoint: string, i: number): Promise<void> {
    // Not before the watches are in place; a start that fails is told by `started`.
    while (this.#startRevision === 0) {
      if (this.#stop.signal.aborted) return kv.close();
      await systemClock.sleep(10);
    }
    const rng = createRng(this.seed + i);
    const { signal } = this.#stop;
    const options = { prefix: this.#prefix, clock: systemClock, rng, signal };
    await kvWorkload(this.#recorder.kv(kv, endpoint), `c${i + 1}`, options);
    await kv.close();
  }
}

let loads = 0;
