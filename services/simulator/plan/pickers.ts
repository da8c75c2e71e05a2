import { must, type Rng } from '#shared/base';

export function pick<T>(rng: Rng, from: readonly T[]): T {
  return must(from[rng.int(from.length)], 'something to choose from');
}

/**
 * Some of the kinds that there are (swarm testing: those that are always there would hide what needs
 * them to be absent), each as often as its weight says. Where none is chosen, all are.
 */
export function swarm<K extends string>(
  weights: Readonly<Partial<Record<K, number>>>,
  isChosen: (kind: K) => boolean,
): (rng: Rng) => K {
  const all = Object.keys(weights) as K[];
  const drawn = all.filter(isChosen);
  const chosen = drawn.length > 0 ? drawn : all;
  const weightOf = (kind: K): number => weights[kind] ?? 0;
  const total = chosen.reduce((sum, kind) => sum + weightOf(kind), 0);
  return (rng) => {
    let left = rng.next() * total;
    for (const kind of chosen) {
      left -= weightOf(kind);
      if (left < 0) return kind;
    }
    return pick(rng, chosen);
  };
}

/** Half of what there is, and what must be there. */
export function halfOf<K extends string>(
  rng: Rng,
  weights: Readonly<Partial<Record<K, number>>>,
  always: readonly K[] = [],
): (rng: Rng) => K {
  return swarm(weights, (kind) => rng.int(2) === 0 || always.includes(kind));
}

export function weighted<T extends { readonly weight: number }>(rng: Rng, from: readonly T[]): T {
  let left = rng.next() * from.reduce((sum, { weight }) => sum + weight, 0);
  const found = from.find(({ weight }) => (left -= weight) < 0);
  return found ?? pick(rng, from);
}
