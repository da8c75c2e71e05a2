import type { SimulationResult } from './simulation.ts';

/** As much of a plan as can be left out. */
interface Shrinkable {
  readonly safetyMs: number;
  readonly faults: readonly { readonly atMs: number }[];
  readonly clients: readonly (readonly object[])[];
}

export interface ShrinkOptions<P> {
  readonly simulate: (plan: P) => Promise<SimulationResult>;
  /** No further attempt is made once this says so. */
  readonly enough: () => boolean;
  readonly progress?: (plan: P) => void;
}

/**
 * The shortest plan found that still ends in what the same checker says: faults and requests are left
 * out as long as that stays so (delta debugging, Zeller and Hildebrandt 2002).
 */
export async function shrink<P extends Shrinkable>(
  plan: P,
  found: SimulationResult,
  options: ShrinkOptions<P>,
): Promise<P> {
  const { simulate, enough, progress } = options;
  const { finding } = found;
  let best = plan;
  const attempt = async (candidate: P): Promise<boolean> => {
    if (enough()) return false;
    const result = await simulate(candidate);
    const same =
      result.finding?.kind === finding?.kind && result.finding?.checker === finding?.checker;
    if (!same) return false;
    best = candidate;
    progress?.(best);
    return true;
  };
  if (finding && finding.atMs < plan.safetyMs) {
    const { atMs } = finding;
    const faults = plan.faults.filter((fault) => fault.atMs <= atMs);
    await attempt({ ...plan, faults, safetyMs: atMs + 1 });
  }
  let size = Infinity;
  while (sizeOf(best) < size && !enough()) {
    size = sizeOf(best);
    await reduce(best.faults, (faults) => attempt({ ...best, faults }));
    await reduce(best.clients, (clients) => attempt({ ...best, clients }));
    for (let i = 0; i < best.clients.length; i++) {
      await reduce(best.clients[i] ?? [], (steps) =>
        attempt({ ...best, clients: withSteps(best.clients, i, steps) }),
      );
    }
  }
  return best;
}

/** Faults and requests. */
export function sizeOf({ faults, clients }: Shrinkable): number {
  return faults.length + clients.reduce((sum, steps) => sum + steps.length, 0);
}

function withSteps<S>(clients: readonly S[], at: number, steps: S): readonly S[] {
  return clients.map((each, i) => (i === at ? steps : each));
}

/** Leaves out halves, then quarters, and so on, whatever can go. */
async function reduce<T>(
  items: readonly T[],
  attempt: (items: readonly T[]) => Promise<boolean>,
): Promise<void> {
  let left = items;
  for (
    let size = Math.ceil(left.length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let at = 0; at < left.length; ) {
      const candidate = [...left.slice(0, at), ...left.slice(at + size)];
      if (await attempt(candidate)) left = candidate;
      else at += size;
    }
  }
}
