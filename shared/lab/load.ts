import { createRng, QuorateError } from '#shared/base';
import { createGrpcKvClient, type KvClient } from '#shared/client';
import { systemClock } from '#shared/clock';
import { kvWorkload, Listener, prefixEnd, type RecordedHistory, Recorder } from '#shared/workload';
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
  readonly #endpoints: readonly string[];
  readonly #dial: (endpoints: readonly string[]) => KvClient;
  #listeners: Listener[] = [];
  #startRevision = 0;

  constructor(endpoints: readonly string[], options: LoadOptions) {
    const { clients = 6, timeoutMs = 3000 } = options;
    if (!(clients >= 1)) {
      throw new QuorateError('bad-request', `clients is ${clients}: a load needs at least 1`);
    }
    this.seed = options.seed ?? Math.floor(systemClock.now()) % 2 ** 32;
    this.#prefix = options.prefix ?? `load/${this.seed.toString(36)}-${++loads}/`;
    this.#endpoints = endpoints;
    this.#dial = (list) => createGrpcKvClient({ endpoints: list, clock: systemClock, timeoutMs });
    this.#anyone = this.#dial(endpoints);
    for (let i = 0; i < clients; i++) {
      const endpoint = endpoints[i % endpoints.length] ?? '';
      this.#clients.push(this.#run(this.#dial([endpoint]), endpoint, i));
    }
  }

  /** Resolves when watches are in place and the first write is acknowledged. */
  async started(): Promise<void> {
    const range = { key: this.#prefix, rangeEnd: prefixEnd(this.#prefix) };
    const { header, count } = await eventually('the store', () => this.#anyone.range(range));
    if (count > 0) {
      const message = `there are ${count} keys under ${this.#prefix} already: a load needs a prefix of its own`;
      throw new QuorateError('failed-precondition', message);
    }
    const startRevision = header.revision + 1;
    this.#listeners = this.#endpoints.map((endpoint) => {
      const request = { ...range, startRevision };
      return new Listener(this.#dial([endpoint]), this.#recorder, systemClock, request);
    });
    this.#startRevision = header.revision;
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

  /** Ends the clients, waits until every watch whose member answers has heard of the last change, and closes all. */
  async stop(): Promise<RecordedHistory> {
    this.#stop.abort();
    await Promise.all(this.#clients);
    const range = { key: this.#prefix, rangeEnd: prefixEnd(this.#prefix) };
    const { kvs } = await eventually('the store', () => this.#anyone.range(range), drainMs);
    const newest = Math.max(0, ...kvs.map(({ modRevision }) => modRevision));
    await Promise.all(this.#listeners.map((listener) => listener.hearOut(newest)));
    const { history } = this.#recorder;
    await this.#close();
    return history;
  }

  /** Ends the clients, and waits for nothing else. */
  async abandon(): Promise<void> {
    this.#stop.abort();
    await Promise.all([...this.#clients, this.#close()]);
  }

  async #close(): Promise<void> {
    await Promise.all([this.#anyone, ...this.#listeners].map((one) => one.close()));
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
