import type { NodeInfo } from '../node-info.ts';

/** A number for each of the places that a label of the nodes makes. */
export class Topology {
  readonly #counts = new Map<string, number>();

  /** Nodes without the label are nowhere. */
  add(key: string, node: NodeInfo, count = 1): void {
    const place = placeOf(key, node);
    if (place !== undefined) this.#counts.set(place, this.at(key, node) + count);
  }

  at(key: string, node: NodeInfo): number {
    return this.#counts.get(placeOf(key, node) ?? '') ?? 0;
  }

  /** Whether any place of the node, by whatever label, has a number. */
  reaches({ node }: NodeInfo): boolean {
    const labels = Object.entries(node.metadata?.labels ?? {});
    return this.size > 0 && labels.some(([key, value]) => this.#counts.has(`${key}=${value}`));
  }

  get size(): number {
    return this.#counts.size;
  }

  /** Infinite where there is no place. */
  least(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const count of this.#counts.values()) least = Math.min(least, count);
    return least;
  }
}

function placeOf(key: string, { node }: NodeInfo): string | undefined {
  const value = node.metadata?.labels?.[key];
  return value === undefined ? undefined : `${key}=${value}`;
}
