import { loadProto } from '#shared/rpc';
import type { ProtoGrpcType } from '../../shared/rpc/gen/rpc.ts';
import { framed, GrpcStreams } from './grpc-stream.ts';

const { Watch } = loadProto<ProtoGrpcType>('etcd/rpc.proto').etcdserverpb;
const key = Buffer.from('bench/watched');
const { path, requestSerialize } = Watch.service.Watch;
const create = framed(requestSerialize({ create_request: { key } }));
const watchersPerStream = 1000;

export interface Delivery {
  /** From the put's beginning until a watcher had its event, over all watchers and puts. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly perSecond: number;
}

/** Watchers of one key, a thousand on each stream, each stream on a connection of its own. */
export class Watchers {
  readonly count: number;
  readonly #streams = new GrpcStreams();
  #seen = 0;
  #arrivals: { readonly atMs: number; readonly count: number }[] = [];
  #goal = Infinity;
  #reached: () => void = () => undefined;

  constructor(count: number) {
    this.count = count;
  }

  /** Resolves when all of them are told that they are created. */
  async open(endpoint: string): Promise<void> {
    const connections = Math.ceil(this.count / watchersPerStream);
    this.#streams.open(endpoint, path, { connections, streams: 1 }, (_stream, count) => {
      this.#arrivals.push({ atMs: performance.now(), count });
      this.#seen += count;
      if (this.#seen >= this.#goal) this.#reached();
    });
    const each = this.count / connections;
    for (const stream of this.#streams.streams) {
      for (let i = 0; i < each; i++) stream.write(create);
    }
    await this.#all();
  }

  /** Puts the key that all of them watch, one put after the other. */
  async deliver(puts: number, put: (key: string) => Promise<unknown>): Promise<Delivery> {
    const latencies: number[] = [];
    let totalMs = 0;
    for (let i = 0; i < puts; i++) {
      this.#seen = 0;
      this.#arrivals = [];
      const startedMs = performance.now();
      const [, lastMs] = await Promise.all([put(key.toString()), this.#all()]);
      totalMs += lastMs - startedMs;
      for (const { atMs, count } of this.#arrivals) {
        for (let j = 0; j < count; j++) latencies.push(atMs - startedMs);
      }
    }
    latencies.sort((a, b) => a - b);
    const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? NaN;
    const perSecond = (puts * this.count) / (totalMs / 1000);
    return { p50Ms: at(0.5), p99Ms: at(0.99), perSecond };
  }

  close(): void {
    this.#streams.close();
  }

  /** When each has had one answer more. */
  #all(): Promise<number> {
    this.#goal = this.count;
    const all = new Promise<number>((resolve) => {
      this.#reached = () => resolve(performance.now());
    });
    if (this.#seen >= this.#goal) this.#reached();
    return Promise.race([all, this.#streams.failed]);
  }
}
