import type { Clock } from '#shared/clock';
import type { Target } from './service-table.ts';

/** Clients remembered for affinity; beyond, the longest unseen is forgotten. */
const clientsMax = 10_000;

/** Gives out the endpoints of one service port strictly in turn. */
export class Balancer {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #clients = new Map<string, { target: Target; until: number }>();
  #targets: readonly Target[] = [];
  #affinityMs: number | undefined;
  /** Whose turn came last: kept by name, so that the turn survives changes around it. */
  #last: Target = '';

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  get targets(): readonly Target[] {
    return this.#targets;
  }

  /** Targets are sorted. */
  update(targets: readonly Target[], affinityMs: number | undefined): void {
    this.#targets = targets;
    this.#affinityMs = affinityMs;
    if (affinityMs === undefined) this.#clients.clear();
  }

  /** The next endpoint for a client, of those it has not tried in vain. */
  pick(client: string, tried: ReadonlySet<Target>): Target | undefined {
    const kept = this.#clients.get(client);
    if (kept && kept.until > this.#clock.monotonic() && !tried.has(kept.target)) {
      if (this.#targets.includes(kept.target)) return this.#keep(client, kept.target);
    }
    const candidates = this.#targets.filter((target) => !tried.has(target));
    const next = candidates.find((target) => target > this.#last) ?? candidates[0];
    if (next === undefined) return undefined;
    this.#last = next;
    return this.#keep(client, next);
  }

  #keep(client: string, target: Target): Target {
    if (this.#affinityMs === undefined) return target;
    this.#clients.delete(client);
    this.#clients.set(client, { target, until: this.#clock.monotonic() + this.#affinityMs });
    const [oldest] = this.#clients.keys();
    if (this.#clients.size > clientsMax && oldest !== undefined) this.#clients.delete(oldest);
    return target;
  }
}
