import type { Clock } from '#shared/clock';
import type { Finding } from './checks/report.ts';
import { type Case, keepCase, readCorpus } from './corpus.ts';
import { type AnyPlan, drawLayers, type Layers, layersOf, simulateLayers } from './layers.ts';
import { shrink, sizeOf } from './shrink.ts';
import type { SimulationResult } from './simulation.ts';

export interface CampaignOptions {
  readonly firstSeed: number;
  readonly seeds: number;
  /** No further seed is begun after this. */
  readonly maxMs: number;
  readonly members: number | undefined;
  /** Several: each gets as much of the time. */
  readonly layers: readonly Layers[];
  readonly corpus: string;
  /** What is kept there is not run. */
  readonly fresh?: boolean | undefined;
  /** The known bug that is in the code: it is not looked for in hours of calm, which cost most. */
  readonly mutant?: string | undefined;
  /** For making a failed plan shorter; 0: it is kept as it is. */
  readonly shrinkMs: number;
  readonly clock: Clock;
  readonly progress: (state: Progress) => void;
}

export interface Progress {
  /** Plans that were run. */
  readonly runs: number;
  readonly seed: number;
  readonly simulatedMs: number;
  readonly spentMs: number;
  readonly requests: number;
  readonly terms: number;
}

/** What plans of one pace took. */
export interface PaceCost {
  readonly pace: string;
  readonly runs: number;
  readonly simulatedMs: number;
  readonly spentMs: number;
}

export interface Failure {
  /** Of the plan, or the file it came from. */
  readonly name: string;
  readonly result: SimulationResult;
  readonly finding: Finding;
  readonly plan: AnyPlan;
  /** Where it is kept; absent for a plan that came from the corpus. */
  readonly file: string | undefined;
}

/** So many seeds are run before the first of those that cost most: hours of calm, where little is found. */
const briskFirst = 40;

/** The seeds of some layers, in the order in which they are run. */
class Lane {
  readonly #draw: (seed: number) => AnyPlan;
  readonly #end: number;
  #next: number;
  #brisk = 0;
  readonly #putOff: AnyPlan[] = [];
  spentMs = 0;

  constructor(layers: Layers, { firstSeed, seeds, members }: CampaignOptions) {
    this.#draw = (seed) => drawLayers(layers, seed, { members });
    this.#next = firstSeed;
    this.#end = firstSeed + seeds;
  }

  /** Undefined: there are no more. */
  next(): AnyPlan | undefined {
    while (this.#next < this.#end && (this.#brisk < briskFirst || this.#putOff.length === 0)) {
      const plan = this.#draw(this.#next++);
      if (isBrisk(plan)) this.#brisk++;
      else if (this.#brisk < briskFirst) {
        this.#putOff.push(plan);
        continue;
      }
      return plan;
    }
    return this.#putOff.shift();
  }
}

const isBrisk = (plan: AnyPlan): boolean => !('pace' in plan) || plan.pace !== 'calm';

/** Runs what failed once, then seeds, until one fails or there is no time or seed left. */
export class Campaign {
  readonly #options: CampaignOptions;
  readonly #startedMs: number;
  readonly #state = { runs: 0, seed: 0, simulatedMs: 0, requests: 0, terms: 0 };

  readonly #paces = new Map<string, PaceCost>();

  constructor(options: CampaignOptions) {
    this.#options = options;
    this.#startedMs = options.clock.monotonic();
  }

  get state(): Progress {
    return { ...this.#state, spentMs: this.#spentMs() };
  }

  /** The quickest first. */
  get paces(): readonly PaceCost[] {
    const speed = ({ simulatedMs, spentMs }: PaceCost): number => simulatedMs / spentMs;
    return [...this.#paces.values()].sort((a, b) => speed(b) - speed(a));
  }

  async run(): Promise<Failure | undefined> {
    const { maxMs, layers, corpus, fresh, mutant } = this.#options;
    for (const { name, plan } of fresh ? [] : await readCorpus(corpus)) {
      const result = await this.#one(plan);
      const { finding } = result;
      if (finding) return { name, result, finding, plan, file: undefined };
    }
    let lanes = layers.map((each) => new Lane(each, this.#options));
    while (lanes.length > 0 && this.#spentMs() <= maxMs) {
      // Whoever had the least of the time so far.
      const [lane] = lanes.sort((a, b) => a.spentMs - b.spentMs);
      const plan = lane?.next();
      if (!lane || !plan) {
        lanes = lanes.slice(1);
        continue;
      }
      if (mutant !== undefined && !isBrisk(plan)) continue;
      const beganMs = this.#spentMs();
      this.#state.seed = plan.seed;
      const result = await this.#one(plan);
      lane.spentMs += this.#spentMs() - beganMs;
      const { finding } = result;
      if (finding) return this.#keep(plan, result, finding);
    }
    return undefined;
  }

  async #one(plan: AnyPlan): Promise<SimulationResult> {
    const beganMs = this.#spentMs();
    const result = await simulateLayers(plan);
    this.#count(paceOf(plan), result.simulatedMs, this.#spentMs() - beganMs);
    this.#state.runs++;
    this.#state.simulatedMs += result.simulatedMs;
    this.#state.requests += result.requests;
    this.#state.terms += result.terms;
    this.#options.progress(this.state);
    return result;
  }

  #count(pace: string, simulatedMs: number, spentMs: number): void {
    const before = this.#paces.get(pace) ?? { pace, runs: 0, simulatedMs: 0, spentMs: 0 };
    this.#paces.set(pace, {
      pace,
      runs: before.runs + 1,
      simulatedMs: before.simulatedMs + simulatedMs,
      spentMs: before.spentMs + spentMs,
    });
  }

  async #keep(plan: AnyPlan, result: SimulationResult, finding: Finding): Promise<Failure> {
    const { clock, corpus, mutant, shrinkMs } = this.#options;
    const until = clock.monotonic() + shrinkMs;
    const shorter = await shrink(plan, result, {
      simulate: (candidate) => simulateLayers(candidate),
      enough: () => clock.monotonic() > until,
    });
    const again = sizeOf(shorter) < sizeOf(plan) ? await simulateLayers(shorter) : result;
    const layers = layersOf(plan) === 'store' ? '' : `${layersOf(plan)}-`;
    const name = mutant ?? `${layers}${finding.checker.replace(/[^a-z]+/g, '-')}-${plan.seed}`;
    const kept: Case = { name, mutant, plan: shorter, finding: again.finding ?? finding };
    const file = await keepCase(corpus, kept);
    return { name: `seed ${plan.seed}`, result: again, finding: kept.finding, plan: shorter, file };
  }

  #spentMs(): number {
    return this.#options.clock.monotonic() - this.#startedMs;
  }
}

function paceOf(plan: AnyPlan): string {
  if (!('layers' in plan)) return plan.pace ?? 'kept';
  return plan.pace === 'calm' ? 'calm clusters' : 'whole clusters';
}
