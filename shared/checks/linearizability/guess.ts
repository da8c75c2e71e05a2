import type { Revisions } from './revisions.ts';
import type { Step } from './steps.ts';

/** Beside the likeliest writer of a revision, so many others are tried. */
const alternatives = 4;

/** What one step of the spine says of a key: the revision it was written at, 0 for absent, undefined for nothing. */
interface Look {
  readonly at: number;
  readonly mod: number | undefined;
}

/**
 * Where every revision is somebody's: who may have made those that nobody acknowledged, the likeliest
 * first. Where somebody saw what was written at one, that names its writer; of the others each goes to a
 * write that is not seen to be missing at the key's next look, and among those to the one that cannot
 * wait for as many later ones (earliest deadline first). Only a guess: effects of writes on each other are not looked at.
 */
export function guessWriters(
  spine: readonly Step[],
  floats: readonly Step[],
  revisions: Revisions,
  initialRevision: number,
): ReadonlyMap<number, readonly Step[]> {
  const gaps = gapsOf(spine, revisions, initialRevision);
  const fits = fitting(spine);
  const writers = new Map<number, readonly Step[]>();
  const seen = new Set<Step>();
  for (const [revision, steps] of whoWasSeen(floats)) {
    writers.set(revision, steps);
    for (const step of steps) seen.add(step);
  }
  const unseen = floats
    .filter((step) => step.writes && step.keys.length === 1 && !seen.has(step))
    .map((step) => ({ step, deadline: gaps.findLast((gap) => fits(step, gap))?.revision ?? 0 }))
    .sort((a, b) => a.deadline - b.deadline);
  const free = new Set(unseen);
  for (const gap of gaps) {
    if (writers.has(gap.revision)) continue;
    const likely: Step[] = [];
    for (const float of free) {
      if (float.deadline < gap.revision) free.delete(float);
      else if (fits(float.step, gap)) {
        if (likely.length === 0) free.delete(float);
        if (likely.push(float.step) > alternatives) break;
      }
    }
    writers.set(gap.revision, likely);
  }
  return writers;
}

interface Gap {
  readonly revision: number;
  /** The step of the spine that comes next. */
  readonly at: number;
  /** Whoever made it had begun by then. */
  readonly horizon: number;
}

function gapsOf(spine: readonly Step[], { taken }: Revisions, initialRevision: number): Gap[] {
  const gaps: Gap[] = [];
  let revision = spine.at(-1)?.revision ?? 0;
  let horizon = Infinity;
  for (let at = spine.length - 1; at >= 0; at--) {
    const before = spine[at - 1]?.revision ?? initialRevision;
    horizon = Math.min(horizon, spine[at]?.returnedMs ?? Infinity);
    for (; revision > before; revision--) {
      if (!taken.has(revision)) gaps.push({ revision, at, horizon });
    }
  }
  return gaps.reverse();
}

/** Of each revision that somebody saw the value of, the floating steps that may have written it. */
function whoWasSeen(floats: readonly Step[]): Map<number, Step[]> {
  const writers = new Map<number, Step[]>();
  for (const step of floats) {
    for (const revision of step.hints) {
      const others = writers.get(revision);
      if (others) others.push(step);
      else writers.set(revision, [step]);
    }
  }
  return writers;
}

/** Whether a write may have been the one of a gap, by when it began and what its key's next look shows. */
function fitting(spine: readonly Step[]): (step: Step, gap: Gap) => boolean {
  const looks = new Map<string, Look[]>();
  spine.forEach((step, at) => {
    for (const key of step.keys) {
      const ofKey = looks.get(key);
      const look = { at, mod: modSeen(step, key) };
      if (ofKey) ofKey.push(look);
      else looks.set(key, [look]);
    }
  });
  return ({ call, invokedMs, notBefore, keys: [key = ''] }, { revision, at, horizon }) => {
    if (invokedMs > horizon || revision < notBefore) return false;
    const shown = firstFrom(looks.get(key) ?? [], at)?.mod;
    // What is newer was written by somebody else in between.
    if (shown === undefined || shown > revision) return true;
    return shown === (call.type === 'delete' ? 0 : revision);
  };
}

function modSeen({ call, answer }: Step, key: string): number | undefined {
  if (call.type === 'range' && call.rangeEnd === undefined && !call.countOnly && !call.revision)
    return answer?.kvs?.find((kv) => kv.key === key)?.mod ?? (answer?.kvs ? 0 : undefined);
  if (call.type === 'put' && call.prevKv) return answer?.prevKv?.mod ?? 0;
  return undefined;
}

function firstFrom(looks: readonly Look[], at: number): Look | undefined {
  let [low, high] = [0, looks.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((looks[middle]?.at ?? Infinity) < at) low = middle + 1;
    else high = middle;
  }
  return looks[low];
}
