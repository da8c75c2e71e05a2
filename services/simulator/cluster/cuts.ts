import type { Network } from '../world/network.ts';
import type { SimCluster } from './cluster.ts';

type Cut = readonly [from: string, to: string];

/** Who is cut off from whom, or heard late. Each method returns how to mend what it has done. */
export class Cuts {
  readonly #network: Network;
  readonly #cluster: SimCluster;

  constructor(network: Network, cluster: SimCluster) {
    this.#network = network;
    this.#cluster = cluster;
  }

  isolate(name: string, direction: 'in' | 'out' | 'both'): () => void {
    const others = this.#names().filter((other) => other !== name);
    return this.#cut(
      others.flatMap((other): Cut[] => [
        ...(direction === 'out' ? [] : [[other, name] as const]),
        ...(direction === 'in' ? [] : [[name, other] as const]),
      ]),
    );
  }

  /** What the others send to `name` takes so much longer. */
  hearsLate(name: string, byMs: number): () => void {
    const others = this.#names().filter((other) => other !== name);
    for (const other of others) this.#network.lag(other, name, byMs);
    return () => {
      for (const other of others) this.#network.lag(other, name, 0);
    };
  }

  /** Bit i of `sides` says on which side the i-th member is. */
  part(sides: number, oneWay: boolean): () => void {
    const left = this.#names().filter((_, i) => (sides >> i) & 1);
    return this.#partFromOthers(left, oneWay);
  }

  /** The leader and the last so many that were asked for, from everybody else. */
  partNewest(newest: number): () => void {
    const leader = this.#cluster.target('leader')?.name ?? '';
    return this.#partFromOthers([...this.#cluster.newest(newest), leader], false);
  }

  #partFromOthers(left: readonly string[], oneWay: boolean): () => void {
    const right = this.#names().filter((name) => !left.includes(name));
    return this.#cut(
      left.flatMap((a) =>
        right.flatMap((b): Cut[] => (oneWay ? [[a, b]] : [[a, b] as const, [b, a] as const])),
      ),
    );
  }

  #cut(cuts: readonly Cut[]): () => void {
    for (const [from, to] of cuts) this.#network.cut(from, to);
    return () => {
      for (const [from, to] of cuts) this.#network.mend(from, to);
    };
  }

  #names(): string[] {
    return this.#cluster.members.map(({ name }) => name);
  }
}
