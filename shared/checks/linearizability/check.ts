import type { History, Operation } from '../history.ts';
import { answerText, callText } from '../history.ts';
import { type Contradiction, contradiction, spineOf } from './contradictions.ts';
import { guessWriters } from './guess.ts';
import { giveHints } from './hints.ts';
import { Revisions } from './revisions.ts';
import { type Found, Search, type SearchOptions } from './search.ts';
import { partitions, type Step, stepsOf } from './steps.ts';

export interface LinearizabilityOptions {
  /**
   * The store's revision before the first operation where nobody but these clients writes (an empty
   * etcd is at 1): then every revision must be accounted for. Absent: others write too, to other keys.
   */
  readonly initialRevision?: number | undefined;
  /** States tried before the answer is `undecided`. Default two million: some seconds. */
  readonly budget?: number | undefined;
}

export interface Violation {
  readonly reason: string;
  /** The fewest operations found that show it, in the order of their start. */
  readonly window: readonly Operation[];
}

export interface LinearizabilityVerdict {
  readonly outcome: 'linearizable' | 'violated' | 'undecided';
  /** Operations judged, without those that failed. */
  readonly operations: number;
  /** States tried. */
  readonly tried: number;
  readonly violation?: Violation | undefined;
}

/**
 * Whether some order of the operations, each between its start and its end, is one that a single
 * etcd could have carried out. An unknown outcome may have happened or not. All keys must have been
 * absent before the first operation.
 */
export function checkLinearizable(
  history: Pick<History, 'operations' | 'watches'>,
  options: LinearizabilityOptions = {},
): LinearizabilityVerdict {
  const steps = stepsOf(history.operations);
  const operations = steps.filter(({ operation }) => operation.client >= 0).length;
  const plain = contradiction(steps);
  if (plain) return { outcome: 'violated', operations, tried: 0, violation: windowOf(plain) };
  const revisions = new Revisions(steps, history);
  giveHints(steps, revisions.taken, history);
  const { initialRevision } = options;
  const groups = initialRevision === undefined ? partitions(steps) : [steps];
  let left = options.budget ?? 2_000_000;
  let tried = 0;
  let undecided = false;
  for (const group of groups) {
    const spine = spineOf(group);
    const floats = group.filter(({ revision }) => revision === undefined);
    const found = look(spine, floats, { initialRevision, revisions, budget: left });
    tried += found.tried;
    left = Math.max(1000, left - found.tried);
    if (found.outcome === 'undecided') undecided = true;
    if (found.outcome !== 'violated') continue;
    const shown = around(group, found.at);
    const reason = `no order explains "${callText(found.at.call)}" → ${answerText(found.at.operation)}: ${found.why}`;
    return {
      outcome: 'violated',
      operations,
      tried,
      violation: windowOf({ reason, steps: shown }),
    };
  }
  return { outcome: undecided ? 'undecided' : 'linearizable', operations, tried };
}

/** Where every revision must be accounted for, a guess at who made which spares most of the search. */
function look(spine: readonly Step[], floats: readonly Step[], options: SearchOptions): Found {
  const { initialRevision, revisions, budget } = options;
  if (initialRevision === undefined || floats.length === 0)
    return new Search(spine, floats, options).run();
  const writers = guessWriters(spine, floats, revisions, initialRevision);
  // Twice the way through the history, and enough for a short one's turnings.
  const most = Math.min(budget, 2 * (spine.length + floats.length) + 100_000);
  const guess = new Search(spine, floats, { ...options, budget: most, writers }).run();
  if (guess.outcome === 'linearizable') return guess;
  const found = new Search(spine, floats, { ...options, budget: budget - guess.tried }).run();
  return { ...found, tried: guess.tried + found.tried };
}

/** The operation that does not fit, with the last ones before it that its keys depend on. */
function around(group: readonly Step[], at: Step): Step[] {
  const limit = at.revision ?? Infinity;
  const related = group.filter(
    (step) =>
      step !== at &&
      step.operation.client >= 0 &&
      step.invokedMs <= at.returnedMs &&
      (step.revision ?? 0) <= limit &&
      (step.keys.some(at.touches) || at.keys.some(step.touches)),
  );
  const writes = spineOf(related.filter(({ writes }) => writes)).slice(-3);
  const open = related.filter((step) => step.revision === undefined).slice(-6);
  const before = spineOf(
    group.filter(
      (step) =>
        step !== at &&
        step.operation.invokedMs <= at.returnedMs &&
        (step.revision ?? limit) < limit,
    ),
  );
  return [...new Set([...before.slice(-1), ...writes, ...open, at])];
}

function windowOf({ reason, steps }: Contradiction): Violation {
  const window = steps.map(({ operation }) => operation).sort((a, b) => a.invokedMs - b.invokedMs);
  return { reason, window };
}
