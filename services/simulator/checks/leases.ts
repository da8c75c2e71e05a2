import { BrokenPromise, checkLease, checkLeaseEnds } from '#shared/checks';
import type { LeaseId } from '#shared/mvcc';
import type { LeaseBook, TimeLeft } from '../clients/leases.ts';
import type { Past } from './past.ts';
import type { StateLog } from './state-log.ts';

/** Clocks drift by a tenth at most. */
const tolerance = { clockRate: 1.11 };

/** By the replicated log: when each lease began and ended. */
function livesOf(states: StateLog) {
  const granted = new Map<LeaseId, number>();
  const ended = new Map<LeaseId, number>();
  for (const { operation, error, atMs } of states.entries) {
    if (!operation || error !== undefined) continue;
    if (operation.type === 'lease-grant') granted.set(operation.id, atMs);
    if (operation.type === 'lease-revoke') ended.set(operation.id, atMs);
  }
  return { granted, ended };
}

export function checkLeases(book: LeaseBook, states: StateLog, past: Past): void {
  const { granted, ended } = livesOf(states);
  for (const record of book.records(ended)) checkLease(record, tolerance);
  for (const told of book.timesLeft) {
    const wrong =
      wrongTime(told, granted.get(told.id), ended.get(told.id)) || wrongKeys(told, past);
    if (wrong === '') continue;
    const { id, fromMs, ttlSeconds } = told;
    throw new BrokenPromise(
      `lease ${id} was said to have ${ttlSeconds} s left when asked at ${Math.round(fromMs)} ms: ${wrong}`,
    );
  }
}

function wrongTime(told: TimeLeft, grantedMs = Infinity, endedMs = Infinity): string {
  const { fromMs, toMs, ttlSeconds, grantedSeconds, expectedSeconds } = told;
  const lived = grantedMs <= toMs && endedMs >= fromMs;
  if (ttlSeconds >= 0 && !lived) return `it lived from ${grantedMs} to ${endedMs}`;
  if (ttlSeconds < 0 && grantedMs < fromMs && endedMs > toMs) return 'it lived';
  if (ttlSeconds >= 0 && grantedSeconds !== expectedSeconds)
    return `and ${grantedSeconds} s granted instead of ${expectedSeconds}`;
  return '';
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
  for (const record of book.records(livesOf(states).ended)) checkLeaseEnds(record, nowMs, slackMs);
}
