import type { Answer, Call, History, KnownKv } from '../history.ts';
import type { Step } from './steps.ts';

/** Numbers that the history mentions as revisions of a key, with the value seen at them. */
type Mentioned = Map<number, string | undefined>;

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
  const mentioned = mentionedIn(history);
  const seenBefore = revisionsSeenBefore(steps);
  for (const step of steps) {
    if (step.revision !== undefined || !step.writes) continue;
    step.notBefore = seenBefore(step.invokedMs) + 1;
    const likely: number[] = [];
    const others: number[] = [];
    for (const key of step.keys) {
      for (const [revision, value] of mentioned.get(key) ?? []) {
        if (taken.has(revision) || revision < step.notBefore) continue;
        if (value === undefined) others.push(revision);
        else if (writesValue(step.call, key, value)) likely.push(revision);
      }
    }
    step.hints = [...new Set([...likely, ...others])];
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

function mentionedIn({
  operations,
  watches,
}: Pick<History, 'operations' | 'watches'>): Map<string, Mentioned> {
  const all = new Map<string, Mentioned>();
  const mention = (key: string, revision: number | undefined, value?: string): void => {
    if (!revision) return;
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
  return all;
}

function writesValue(call: Call, key: string, value: string): boolean {
  if (call.type === 'put') return call.key === key && call.value === value;
  if (call.type !== 'txn') return false;
  return [...call.success, ...call.failure].some((op) => writesValue(op, key, value));
}
