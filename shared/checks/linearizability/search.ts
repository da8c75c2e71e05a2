import { must } from '#shared/base';
import { agrees, Impossible, Model } from './model.ts';
import { Placed } from './placed.ts';
import type { Revisions } from './revisions.ts';
import type { Step } from './steps.ts';

export interface SearchOptions {
  /** The store's revision before the first operation; undefined: others write too, and revisions have gaps. */
  readonly initialRevision: number | undefined;
  readonly revisions: Revisions;
  /** Steps tried before giving up. */
  readonly budget: number;
  /** Who may have made a revision; then nobody else is tried, and nothing is proved if that fails. */
  readonly writers?: ReadonlyMap<number, readonly Step[]> | undefined;
}

export type Found =
  | { readonly outcome: 'linearizable'; readonly tried: number }
  | { readonly outcome: 'undecided'; readonly tried: number }
  | {
      readonly outcome: 'violated';
      readonly tried: number;
      /** The operation that no order gets beyond. */
      readonly at: Step;
      /** Why the best order did not get beyond it. */
      readonly why: string;
    };

/** One way to go on: the next forced step, or a floating one put before it. */
interface Choice {
  readonly step: Step | undefined;
  /** Of an undecidable transaction: which way it goes. */
  readonly branch?: boolean;
  /** The revision it makes, where one can be named. */
  readonly revision: number | undefined;
}

interface ChoicePoint {
  readonly at: number;
  readonly mark: number;
  readonly placed: number;
  readonly choices: Choice[];
}

/** Situations remembered and choices kept for later: some 100 MiB of each, whatever the history. */
const memoLimit = 300_000;
const keptLimit = 1_000_000;
/** Floating steps looked at for each state of the budget: where they are thousands, that is what takes the time. */
const looksPerState = 25;

/**
 * Looks for an order of the steps that etcd could have carried out. Steps whose revision is known
 * have one order, the spine, that no search can change; only the floating ones (unknown outcomes,
 * expired leases, answers without a revision) are tried before each of its steps, depth first, as
 * in Wing and Gong's algorithm with Lowe's memory of states already tried. So a history without
 * unknown outcomes takes one pass.
 */
export class Search {
  readonly #spine: readonly Step[];
  readonly #floats: readonly Step[];
  readonly #exact: boolean;
  readonly #revisions: Revisions;
  readonly #budget: number;
  readonly #writers: ReadonlyMap<number, readonly Step[]> | undefined;
  readonly #model: Model;
  /** Before spine step i no step may come that began after this. */
  readonly #horizon: Float64Array;
  readonly #placed: Placed;
  readonly #index = new Map<Step, number>();
  /** Floating steps that must find a place. */
  readonly #required: readonly number[];
  /** Floating steps that carry the effects of others from key to key. */
  readonly #joins: ReadonlySet<Step>;
  /** The floating ones that revisions mentioned may be of, the highest of these first. */
  readonly #hinted: readonly { readonly i: number; readonly highest: number }[];
  readonly #points: ChoicePoint[] = [];
  /** Choices in all of them. */
  #kept = 0;
  #looks = 0;
  readonly #seen = new Set<string>();
  #at = 0;
  #tried = 0;
  #furthest = -1;
  #why = '';
  #stuckOn: Step | undefined;

  constructor(spine: readonly Step[], floats: readonly Step[], options: SearchOptions) {
    this.#spine = spine;
    this.#floats = [...floats].sort((a, b) => a.invokedMs - b.invokedMs);
    this.#exact = options.initialRevision !== undefined;
    this.#revisions = options.revisions;
    this.#budget = options.budget;
    this.#writers = options.writers;
    const readsPast = [...spine, ...floats].some(({ call }) =>
      JSON.stringify(call).includes('"revision"'),
    );
    this.#model = new Model(options.initialRevision ?? 0, readsPast);
    this.#placed = new Placed(floats.length);
    this.#floats.forEach((step, i) => this.#index.set(step, i));
    this.#required = [...this.#floats.keys()].filter(
      (i) => must(this.#floats[i], 'the floating step exists').required,
    );
    const wide = this.#floats.filter(hasSeveral);
    this.#joins = new Set(
      this.#floats.filter((step) => hasSeveral(step) || wide.some((other) => meet(step, other))),
    );
    this.#hinted = this.#floats
      .map(({ hints }, i) => ({ i, highest: hints.reduce((a, b) => Math.max(a, b), 0) }))
      .filter(({ highest }) => highest > 0)
      .sort((a, b) => b.highest - a.highest);
    this.#horizon = new Float64Array(spine.length + 1).fill(Infinity);
    for (let i = spine.length - 1; i >= 0; i--) {
      this.#horizon[i] = Math.min(
        this.#horizon[i + 1] ?? Infinity,
        must(spine[i], 'the spine has this step').returnedMs,
      );
    }
  }

  run(): Found {
    for (;;) {
      if (this.#exhausted()) return { outcome: 'undecided', tried: this.#tried };
      this.#takeReads();
      if (this.#done()) return { outcome: 'linearizable', tried: this.#tried };
      const choices = this.#choices();
      if (choices.length > 1 && this.#known()) choices.length = 0;
      if (choices.length > 0) {
        const placed = this.#placed.size;
        const point = { at: this.#at, mark: this.#model.mark(), placed, choices };
        const gone = this.#go(must(choices.shift(), 'it was just counted'));
        if (choices.length > 0) {
          this.#points.push(point);
          this.#kept += choices.length;
        } else if (!gone) this.#backTo(point);
        if (gone) continue;
      }
      if (!this.#backtrack()) {
        const at =
          this.#stuckOn ?? must(this.#spine[0] ?? this.#floats[0], 'the spine has this step');
        return { outcome: 'violated', tried: this.#tried, at, why: this.#why };
      }
    }
  }

  #exhausted(): boolean {
    if (this.#tried > this.#budget || this.#looks > this.#budget * looksPerState) return true;
    return this.#seen.size > memoLimit || this.#kept > keptLimit;
  }

  #done(): boolean {
    if (this.#at < this.#spine.length) return false;
    return this.#required.every((i) => this.#placed.has(i));
  }

  /** Whether this very situation has failed before. */
  #known(): boolean {
    const key = `${this.#at}|${this.#placed.fingerprint()}|${this.#model.fingerprint()}`;
    if (this.#seen.has(key)) return true;
    this.#seen.add(key);
    return false;
  }

  /** The next choice of the latest point that has one left. */
  #backtrack(): boolean {
    for (let point = this.#points.at(-1); point; point = this.#points.at(-1)) {
      this.#backTo(point);
      const choice = point.choices.shift();
      this.#kept--;
      if (point.choices.length === 0) this.#points.pop();
      if (choice && this.#go(choice)) return true;
    }
    return false;
  }

  #backTo({ at, mark, placed }: ChoicePoint): void {
    this.#at = at;
    this.#model.undo(mark);
    this.#placed.backTo(placed);
  }

  #go({ step, branch, revision }: Choice): boolean {
    this.#tried++;
    if (step) return this.#place(step, branch, revision);
    const next = must(this.#spine[this.#at], 'the spine has this step');
    if (!this.#carryOut(next, next.writes ? next.revision : undefined, undefined)) return false;
    this.#model.raiseRevision(must(next.revision, 'steps of the spine have revisions'));
    this.#at++;
    return true;
  }

  #place(step: Step, branch: boolean | undefined, revision: number | undefined): boolean {
    const mark = this.#model.mark();
    const wrote = this.#carryOut(step, revision, branch);
    if (wrote === undefined) return false;
    // What changes nothing and need not have happened is not worth a place.
    if (!wrote.wrote && !step.required) {
      this.#model.undo(mark);
      return false;
    }
    if (wrote.wrote) this.#model.raiseRevision(revision ?? this.#leastHere(step));
    this.#placed.add(must(this.#index.get(step), 'every floating step has an index'));
    return true;
  }

  /** Undefined, with nothing changed, where the model does not give the answer that was told. */
  #carryOut(
    step: Step,
    revision: number | undefined,
    branch: boolean | undefined,
  ): { wrote: boolean } | undefined {
    const mark = this.#model.mark();
    try {
      const { call, answer } = step;
      const way = branch ?? (call.type === 'txn' ? this.#told(step) : undefined);
      const effect =
        call.type === 'txn' && way !== undefined
          ? this.#model.applyBranch(call, way, revision)
          : this.#model.apply(call, revision);
      if (!answer || agrees(effect.answer, answer)) return effect;
      this.#stuck(step, `etcd would have answered ${JSON.stringify(effect.answer)}`);
    } catch (thrown) {
      if (!(thrown instanceof Impossible)) throw thrown;
      this.#stuck(step, thrown.message);
    }
    this.#model.undo(mark);
    return undefined;
  }

  /** Where a transaction hangs on revisions nobody knows, the way it is known to have gone. */
  #told({ call, answer }: Step): boolean | undefined {
    if (call.type !== 'txn' || this.#model.decide(call) !== undefined) return undefined;
    return answer?.succeeded;
  }

  #stuck(step: Step, why: string): void {
    if (this.#at < this.#furthest) return;
    this.#furthest = this.#at;
    this.#stuckOn = step;
    this.#why = why;
  }

  /** A read that fits now may as well stand here: it changes nothing. */
  #takeReads(): void {
    const horizon = this.#horizonNow();
    for (const i of this.#required) {
      const step = must(this.#floats[i], 'the floating step exists');
      if (step.invokedMs > horizon) return;
      if (this.#placed.has(i) || step.writes) continue;
      if (this.#carryOut(step, undefined, undefined)) this.#placed.add(i);
    }
  }

  /** Whatever stands next must have begun by then: what is still to come had not ended before. */
  #horizonNow(): number {
    let horizon = this.#horizon[this.#at] ?? Infinity;
    for (const i of this.#required) {
      if (!this.#placed.has(i))
        horizon = Math.min(horizon, must(this.#floats[i], 'the floating step exists').returnedMs);
    }
    return horizon;
  }

  #choices(): Choice[] {
    const next = this.#spine[this.#at];
    if (!next) return this.#floatChoices(undefined);
    const overdue = this.#required
      .filter((i) => !this.#placed.has(i))
      .map((i) => must(this.#floats[i], 'the floating step exists'))
      .find(({ returnedMs }) => returnedMs < next.invokedMs);
    const target = must(next.revision, 'steps of the spine have revisions') - (next.writes ? 1 : 0);
    if (this.#exact) return this.#exactChoices(next, target, overdue !== undefined);
    if (must(next.revision, 'steps of the spine have revisions') < this.#model.revision) {
      this.#stuck(next, `revision ${this.#model.revision} was there before`);
      return [];
    }
    const floats = this.#floatChoices(next);
    if (overdue) {
      this.#stuck(overdue, `nothing before revision ${next.revision} is left for it`);
      return floats;
    }
    const seen = floats.filter(({ revision }) => revision !== undefined);
    const others = floats.filter(({ revision }) => revision === undefined);
    return [...seen, { step: undefined, revision: next.revision }, ...others];
  }

  /** Without other writers every revision is somebody's: a gap must be filled, and nothing else may be. */
  #exactChoices(next: Step, target: number, overdue: boolean): Choice[] {
    const gap = target - this.#model.revision;
    if (gap < 0) {
      this.#stuck(next, `the store was at revision ${this.#model.revision} already`);
      return [];
    }
    if (gap === 0 && !overdue) return [{ step: undefined, revision: next.revision }];
    this.#stuck(next, `nothing explains revision ${this.#model.revision + 1}`);
    if (gap > 0 && this.#writers) return this.#guessed(this.#model.revision + 1);
    return this.#floatChoices(gap === 0 ? undefined : next);
  }

  #guessed(revision: number): Choice[] {
    const steps = this.#writers?.get(revision) ?? [];
    return steps
      .filter(
        (step) =>
          !this.#placed.has(must(this.#index.get(step), 'every floating step has an index')),
      )
      .flatMap((step) => this.#waysOf(step, revision));
  }

  /** The floating steps that may stand here, the likeliest first. */
  #floatChoices(next: Step | undefined): Choice[] {
    const horizon = this.#horizonNow();
    const choices: Choice[] = [];
    for (let i = 0; i < this.#floats.length; i++) {
      const step = must(this.#floats[i], 'the floating step exists');
      if (step.invokedMs > horizon) break;
      this.#looks++;
      if (this.#placed.has(i)) continue;
      for (const revision of this.#revisionsFor(step, next)) {
        if (revision === undefined && next && this.#mayWait(step, next)) continue;
        choices.push(...this.#waysOf(step, revision));
      }
    }
    if (!this.#exact) return choices;
    const here = this.#model.revision + 1;
    const unlikely = ({ step }: Choice): number => {
      const [first] = step?.hints ?? [];
      return first === undefined ? 1 : first === here ? 0 : 2;
    };
    return choices.sort((a, b) => unlikely(a) - unlikely(b));
  }

  #waysOf(step: Step, revision: number | undefined): Choice[] {
    const told = step.call.type !== 'txn' || step.answer || this.#model.decide(step.call);
    if (told !== undefined) return [{ step, revision }];
    return [
      { step, branch: true, revision },
      { step, branch: false, revision },
    ];
  }

  /**
   * Where the order of two makes no difference, one without a known revision stands behind the other;
   * unless the revisions there may be wanted by one that must come after it.
   */
  #mayWait(step: Step, next: Step): boolean {
    if (this.#exact || step.required || this.#joins.has(step)) return false;
    if (hasSeveral(next) || meet(step, next)) return false;
    for (const { i, highest } of this.#hinted) {
      if (highest <= this.#model.revision) break;
      this.#looks++;
      const other = must(this.#floats[i], 'the floating step exists');
      if (other !== step && !this.#placed.has(i) && meet(step, other)) return false;
    }
    return true;
  }

  /** Undefined stands for any that nobody mentioned. */
  #revisionsFor(step: Step, next: Step | undefined): (number | undefined)[] {
    const last = this.#model.revision;
    if (this.#exact) return [last + 1];
    if (!step.writes) return [undefined];
    const limit = next?.revision === undefined ? Infinity : next.revision - (next.writes ? 1 : 0);
    const fitting = step.hints.filter((hint) => hint > last && hint <= limit);
    return this.#hasRoom(step, limit) ? [...fitting, undefined] : fitting;
  }

  /** Whether a revision is left for it, since the last step that it must not be moved before. */
  #hasRoom(step: Step, limit: number): boolean {
    let highest = limit;
    for (let i = this.#at - 1; i >= 0; i--) {
      const before = must(this.#spine[i], 'the spine has this step');
      const revision = must(before.revision, 'steps of the spine have revisions');
      if (this.#revisions.hasFree(step, Math.max(revision + 1, step.notBefore), highest))
        return true;
      if (highest < step.notBefore || meet(step, before)) return false;
      highest = before.writes ? revision - 1 : revision;
    }
    return this.#revisions.hasFree(step, Math.max(1, step.notBefore), highest);
  }

  /** Of one whose revision nobody mentioned; what comes next must still come after it. */
  #leastHere(step: Step): number {
    const next = this.#spine[this.#at];
    const limit = next?.revision === undefined ? Infinity : next.revision - (next.writes ? 1 : 0);
    return Math.min(limit, Math.max(this.#model.revision + 1, step.notBefore));
  }
}

function meet(a: Step, b: Step): boolean {
  return a.keys.some(b.touches) || b.keys.some(a.touches);
}

function hasSeveral(step: Step): boolean {
  return step.keys.length !== 1 || step.call.type === 'txn';
}
