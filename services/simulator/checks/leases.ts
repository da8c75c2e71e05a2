import { BrokenPromise, checkLease, checkLeaseEnds } from '#shared/checks';
import type { LeaseId } from '#shared/mvcc';
import type { LeaseBook, TimeLeft } from '../clients/leases.ts';
import type { Past } from './past.ts';
import type { StateLog } from './state-log.ts';

/** Clocks drift by a tenth at most. */
const tolerance = { clockRate: 1.11 };
const slowestClock = 0.9;
/** Within this a new leader counts anew, from when it begins to count. */
const promotedWithinMs = 8000;

/** It also adds an election timeout, and none is longer. */
const promotedExtraSeconds = 1;

interface Life {
  readonly fromMs: number;
  toMs: number;
}

/** By the replicated log: from when to when there was each lease, once more where its id was granted again. */
function livesOf(states: StateLog): ReadonlyMap<LeaseId, readonly Life[]> {
  const lives = new Map<LeaseId, Life[]>();
  for (const { operation, error, atMs } of states.entries) {
    if (!operation || error !== undefined) continue;
    if (operation.type === 'lease-grant') {
      const life = { fromMs: atMs, toMs: Infinity };
      const all = lives.get(operation.id);
      if (all) all.push(life);
      else lives.set(operation.id, [life]);
    }
    const last = operation.type === 'lease-revoke' && lives.get(operation.id)?.at(-1);
    if (last) last.toMs = atMs;
  }
  return lives;
}

/** When a lease ended for the last time. */
function endsOf(lives: ReadonlyMap<LeaseId, readonly Life[]>): ReadonlyMap<LeaseId, number> {
  const ended = new Map<LeaseId, number>();
  for (const [id, all] of lives) {
    const { toMs = Infinity } = all.at(-1) ?? {};
    if (toMs !== Infinity) ended.set(id, toMs);
  }
  return ended;
}

interface Checkpoint {
  readonly atMs: number;
  readonly remainingSeconds: number;
}

/** What leaders said was left, in the order of the log. */
function checkpointsOf({ entries }: StateLog): ReadonlyMap<LeaseId, readonly Checkpoint[]> {
  const all = new Map<LeaseId, Checkpoint[]>();
  for (const { operation, atMs } of entries) {
    if (operation?.type !== 'lease-checkpoint') continue;
    for (const { id, remainingSeconds } of operation.checkpoints) {
      const known = all.get(id) ?? [];
      known.push({ atMs, remainingSeconds });
      all.set(id, known);
    }
  }
  return all;
}

export function checkLeases(book: LeaseBook, states: StateLog, past: Past): void {
  const lives = livesOf(states);
  const elections = electionsOf(states);
  const checkpoints = checkpointsOf(states);
  for (const record of book.records(endsOf(lives))) checkLease(record, tolerance);
  for (const told of book.timesLeft) {
    const wrong =
      wrongTime(told, lives.get(told.id) ?? []) ||
      beyond(told, checkpoints.get(told.id) ?? []) ||
      tooMuch(told, elections.findLast((atMs) => atMs <= told.toMs) ?? 0) ||
      wrongKeys(told, past);
    if (wrong === '') continue;
    const { id, fromMs, ttlSeconds } = told;
    throw new BrokenPromise(
      `lease ${id} was said to have ${ttlSeconds} s left when asked at ${Math.round(fromMs)} ms: ${wrong}`,
    );
  }
}

function wrongTime(told: TimeLeft, lives: readonly Life[]): string {
  const { fromMs, toMs, ttlSeconds, grantedSeconds, expectedSeconds } = told;
  const lived = lives.some((life) => life.fromMs <= toMs && life.toMs >= fromMs);
  const said = lives.map((life) => `from ${life.fromMs} to ${life.toMs}`).join(', ') || 'never';
  if (ttlSeconds >= 0 && !lived) return `it lived ${said}`;
  const throughout = lives.some((life) => life.fromMs < fromMs && life.toMs > toMs);
  if (ttlSeconds < 0 && throughout) return 'it lived';
  if (ttlSeconds >= 0 && grantedSeconds !== expectedSeconds)
    return `and ${grantedSeconds} s granted instead of ${expectedSeconds}`;
  return '';
}

/** When each leader had something applied for the first time. */
function electionsOf({ entries }: StateLog): number[] {
  return entries.flatMap(({ term, atMs }, i) => (entries[i - 1]?.term === term ? [] : [atMs]));
}

/** What has passed since nobody renewed it is not left, where nobody has begun to lead meanwhile. */
function tooMuch(
  { fromMs, ttlSeconds, expectedSeconds, unrenewedSinceMs }: TimeLeft,
  electedMs: number,
): string {
  const sinceMs = Math.max(unrenewedSinceMs, electedMs + promotedWithinMs);
  const most = expectedSeconds - ((fromMs - sinceMs) / 1000) * slowestClock;
  if (fromMs < sinceMs || ttlSeconds <= Math.max(0, most)) return '';
  return `of ${expectedSeconds} s, though nobody has renewed it since ${Math.round(sinceMs)} ms`;
}

/** What a leader said was left is not more under the next one. */
function beyond(
  { fromMs, ttlSeconds, unrenewedSinceMs }: TimeLeft,
  checkpoints: readonly Checkpoint[],
): string {
  const last = checkpoints.findLast(({ atMs }) => atMs <= fromMs);
  if (!last || last.remainingSeconds === 0 || last.atMs < unrenewedSinceMs) return '';
  if (ttlSeconds <= last.remainingSeconds + promotedExtraSeconds) return '';
  return `${last.remainingSeconds} s were left at ${Math.round(last.atMs)} ms, and nobody has renewed it since`;
}

/** What it had all the time is told, and nothing that it never had. */
function wrongKeys({ id, fromMs, toMs, ttlSeconds, keys }: TimeLeft, past: Past): string {
  if (ttlSeconds < 0) return '';
  const [from, to] = [past.revisionAt(fromMs), past.revisionAt(toMs)];
  // Without changes in between there is no doubt.
  if (from !== to) return '';
  const had = past.rangeAt('\0', '\0', from).filter(({ lease }) => lease === String(id));
  const expected = had.map(({ key }) => key).join();
  return keys.join() === expected ? '' : `with keys [${keys.join()}], but it had [${expected}]`;
}

export function checkLeasesEnd(
  book: LeaseBook,
  states: StateLog,
  nowMs: number,
  slackMs: number,
): void {
  for (const record of book.records(endsOf(livesOf(states))))
    checkLeaseEnds(record, nowMs, slackMs);
}
