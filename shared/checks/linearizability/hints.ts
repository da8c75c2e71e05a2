import type { Answer, Call, History, KnownKv } from '../history.ts';
import type { Step } from './steps.ts';

/** Numbers that the history mentions as revisions of one key and that no known write has. */
interface Mentioned {
  /** By the value seen at them. */
  readonly valued: Map<string, number[]>;
  /** Where none was. */
  readonly bare: number[];
}

/**
 * Says of every floating write which revisions it may have: those that somebody mentioned of its
 * keys and no known write has (`taken`), the ones at which its value was seen first, none at which another one
 * was. Any other revision of it is as good as another, because nobody could tell the difference.
 */
export function giveHints(
  steps: readonly Step[],
  taken: ReadonlySet<number>,
  history: Pick<History, 'operations' | 'watches'>,
): void {
  const mentioned = mentionedIn(history, taken);
  const seenBefore = revisionsSeenBefore(steps);
  for (const step of steps) {
    if (step.revision !== undefined || !step.writes) continue;
    step.notBefore = seenBefore(step.invokedMs) + 1;
    const { notBefore } = step;
    const ofKeys = step.keys.map((key) => ({ key, found: mentioned.get(key) }));
    const likely = ofKeys.flatMap(({ key, found }) =>
      [...valuesOf(step.call, key)].flatMap((value) => found?.valued.get(value) ?? []),
    );
    const others = ofKeys.flatMap(({ found }) => found?.bare ?? []);
    step.hints = [...new Set([...likely, ...others])].filter((revision) => revision >= notBefore);
  }
}

/** The highest revision that was in an answer before a time. */
function revisionsSeenBefore(steps: readonly Step[]): (timeMs: number) => number {
  const answered = steps
    .filter(({ revision }) => revision !== undefined)
    .sort((a, b) => a.returnedMs - b.returnedMs);
  const highest: number[] = [];
  for (const { revision = 0 } of answered) highest.push(Math.max(revision, highest.at(-1) ?? 0));
  return (timeMs) => {
    let [from, to] = [0, answered.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((answered[middle]?.returnedMs ?? Infinity) < timeMs) from = middle + 1;
      else to = middle;
    }
    return highest[from - 1] ?? 0;
  };
}

function mentionedIn(
  { operations, watches }: Pick<History, 'operations' | 'watches'>,
  taken: ReadonlySet<number>,
): ReadonlyMap<string, Mentioned> {
  const all = new Map<string, Map<number, string | undefined>>();
  const mention = (key: string, revision: number | undefined, value?: string): void => {
    if (!revision || taken.has(revision)) return;
    let ofKey = all.get(key);
    if (!ofKey) all.set(key, (ofKey = new Map()));
    if (value !== undefined || !ofKey.has(revision)) ofKey.set(revision, value);
  };
  const kv = ({ key, value, mod, create }: KnownKv): void => {
    mention(key, mod, value);
    mention(key, create);
  };
  const answer = (given: Answer): void => {
    for (const shown of [...(given.kvs ?? []), ...(given.prevKvs ?? [])]) kv(shown);
    if (given.prevKv) kv(given.prevKv);
    given.answers?.forEach(answer);
  };
  for (const operation of operations) {
    if (operation.answer) answer(operation.answer);
    const { call } = operation;
    if (call.type !== 'txn') continue;
    for (const { key, target, operand } of call.compare) {
      if (target === 'mod' || target === 'create') mention(key, Number(operand));
    }
  }
  for (const { messages } of watches) {
    for (const message of messages) {
      if (message.type !== 'events') continue;
      for (const { type, kv: shown } of message.events) {
        if (type === 'put') kv(shown);
        else mention(shown.key, shown.mod);
      }
    }
  }
  return new Map([...all].map(([key, ofKey]) => [key, byValue(ofKey)]));
}

function byValue(ofKey: ReadonlyMap<number, string | undefined>): Mentioned {
  const valued = new Map<string, number[]>();
  const bare: number[] = [];
  for (const [revision, value] of ofKey) {
    if (value === undefined) bare.push(revision);
    else {
      const same = valued.get(value);
      if (same) same.push(revision);
      else valued.set(value, [revision]);
    }
  }
  return { valued, bare };
}

/** What a call may write to a key. */
function valuesOf(call: Call, key: string): Set<string> {
  if (call.type === 'put') return new Set(call.key === key ? [call.value] : []);
  if (call.type !== 'txn') return new Set();
  return new Set([...call.success, ...call.failure].flatMap((op) => [...valuesOf(op, key)]));
}
