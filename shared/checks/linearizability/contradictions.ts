import { assertNever } from '#shared/base';
import type { Answer, Call, KnownKv } from '../history.ts';
import type { Step } from './steps.ts';

/** Operations that cannot all be true, whatever became of those with an unknown outcome. */
export interface Contradiction {
  readonly reason: string;
  readonly steps: readonly Step[];
}

/** In the order that their revisions force; writes before the reads that saw them. */
export function spineOf(steps: readonly Step[]): Step[] {
  return steps
    .filter(({ revision }) => revision !== undefined)
    .sort(
      (a, b) =>
        (a.revision ?? 0) - (b.revision ?? 0) ||
        Number(b.writes) - Number(a.writes) ||
        a.invokedMs - b.invokedMs,
    );
}

/** What can be seen without any search, in one pass each; the window is two or three operations. */
export function contradiction(steps: readonly Step[]): Contradiction | undefined {
  const spine = spineOf(steps);
  return twoWritesOneRevision(spine) ?? backInTime(spine) ?? wrongSight(spine, steps);
}

/** Split brain: two members gave the same revision to different writes. */
function twoWritesOneRevision(spine: readonly Step[]): Contradiction | undefined {
  let last: Step | undefined;
  for (const step of spine) {
    if (!step.writes) continue;
    if (last?.revision === step.revision && last) {
      const reason = `two acknowledged writes have revision ${step.revision}: two histories were written`;
      return { reason, steps: [last, step] };
    }
    last = step;
  }
  return undefined;
}

/** A stale read, or a write put before what had been acknowledged when it began. */
function backInTime(spine: readonly Step[]): Contradiction | undefined {
  let latest: Step | undefined;
  for (const step of spine) {
    if (latest && step.returnedMs < latest.invokedMs) {
      const what = latest.writes ? 'a write' : 'a read';
      const reason =
        `${what} that began after revision ${step.revision} had been acknowledged ` +
        `${latest.writes ? 'took' : 'saw'} the older revision ${latest.revision}`;
      return { reason, steps: [step, latest] };
    }
    if (!latest || step.invokedMs > latest.invokedMs) latest = step;
  }
  return undefined;
}

interface Write {
  readonly revision: number;
  readonly step: Step;
  /** Undefined: deleted. */
  readonly value: string | undefined;
}

/** A read that shows what its revision's write did not write, or misses an acknowledged one. */
function wrongSight(spine: readonly Step[], steps: readonly Step[]): Contradiction | undefined {
  const byRevision = new Map<number, Step>();
  const byKey = new Map<string, Write[]>();
  for (const step of spine) {
    if (!step.writes || step.revision === undefined) continue;
    byRevision.set(step.revision, step);
    for (const [key, value] of writtenBy(step.call, step.answer ?? {})) {
      const write = { revision: step.revision, step, value };
      const list = byKey.get(key);
      if (list) list.push(write);
      else byKey.set(key, [write]);
    }
  }
  for (const step of steps) {
    const { answer, revision } = step;
    if (!answer) continue;
    const before = step.writes && revision !== undefined ? revision - 1 : revision;
    for (const { kv, now } of seenIn(step.call, answer, step.writes)) {
      const found = judgeSight(kv, now ? revision : before, byRevision, byKey.get(kv.key) ?? []);
      if (found) return { reason: found.reason, steps: [found.write, step] };
    }
  }
  return undefined;
}

function judgeSight(
  { key, value, mod }: KnownKv,
  at: number | undefined,
  byRevision: ReadonlyMap<number, Step>,
  writes: readonly Write[],
): { reason: string; write: Step } | undefined {
  if (mod === undefined) return undefined;
  const writer = byRevision.get(mod);
  const mine = lastUpTo(writes, mod, mod - 1);
  const shown = JSON.stringify(value);
  if (writer && !mine) {
    const reason = `${key} is shown as written at revision ${mod}, whose write did not touch it`;
    return { reason, write: writer };
  }
  if (mine && value !== undefined && value !== '' && mine.value !== value) {
    const reason = `${key} is shown as ${shown} at revision ${mod}, which wrote ${JSON.stringify(mine.value)}`;
    return { reason, write: mine.step };
  }
  if (at === undefined) return undefined;
  const missed = lastUpTo(writes, at, mod);
  if (!missed) return undefined;
  const reason = `${key} is shown as of revision ${mod} at revision ${at}: the acknowledged write at ${missed.revision} is lost`;
  return { reason, write: missed.step };
}

/** The last write at a revision of (`after`, `to`]; they come in the order of their revisions. */
function lastUpTo(writes: readonly Write[], to: number, after: number): Write | undefined {
  let [low, high] = [0, writes.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((writes[middle]?.revision ?? Infinity) <= to) low = middle + 1;
    else high = middle;
  }
  const last = writes[low - 1];
  return last && last.revision > after ? last : undefined;
}

function writtenBy(call: Call, answer: Answer): [string, string | undefined][] {
  switch (call.type) {
    case 'put':
      return [[call.key, call.value]];
    case 'delete': {
      if (answer.deleted === 0) return [];
      if (call.rangeEnd === undefined) return [[call.key, undefined]];
      return (answer.prevKvs ?? []).map(({ key }) => [key, undefined]);
    }
    case 'txn': {
      const branch = answer.succeeded ? call.success : call.failure;
      return branch.flatMap((op, i) => writtenBy(op, answer.answers?.[i] ?? {}));
    }
    case 'range':
    case 'compact':
    case 'lease-grant':
    case 'lease-revoke':
      return [];
    default:
      return assertNever(call);
  }
}

/** The keys that an answer shows, and whether as they are now or as they were before the call. */
function seenIn(call: Call, answer: Answer, writes: boolean): { kv: KnownKv; now: boolean }[] {
  if (call.type === 'range' && !call.revision) {
    return (answer.kvs ?? []).map((kv) => ({ kv, now: !writes }));
  }
  const before = [...(answer.prevKv ? [answer.prevKv] : []), ...(answer.prevKvs ?? [])];
  // Within a transaction that writes, what a read shows depends on where in it the read stands.
  return before.map((kv) => ({ kv, now: false }));
}
