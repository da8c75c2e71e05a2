import {
  answerText,
  BrokenPromise,
  callText,
  checkLinearizable,
  checkResumed,
  type Watch,
  WatchCheck,
} from '#shared/checks';
import type { LeaseBook } from '../clients/leases.ts';
import type { Recorder } from '../clients/recorder.ts';
import type { SimMember } from '../cluster/member.ts';
import { checkAlarms } from './alarms.ts';
import { AnswerCheck } from './answers.ts';
import { checkAttempts } from './attempts.ts';
import { checkAutoCompaction } from './auto-compaction.ts';
import { eventLogOf } from './event-log.ts';
import { checkLeases, checkLeasesEnd } from './leases.ts';
import { checkLiveBytes } from './live-bytes.ts';
import type { ModelCheck } from './model/check.ts';
import { contentsOf } from './observer.ts';
import { Past } from './past.ts';
import { checkQueues } from './queue-holders.ts';
import { PermissionCheck } from './permissions.ts';
import { QueryCheck } from './queries.ts';
import { RefusalCheck } from './refusals.ts';
import type { Report } from './report.ts';
import type { StateLog } from './state-log.ts';

/** Orders tried for a history; what is not decided then is left to the other checkers. */
const budget = 100_000;

/** Watches that were open when all was well, and since. */
export interface MustHear {
  readonly open: readonly Watch[];
  /** They must have caught up with this one. */
  readonly revision: number;
  /** Of those that want to hear that all is well as often as this: heard from since then. */
  readonly notified: { readonly watches: readonly Watch[]; readonly sinceMs: number };
  /** Those that asked how far they are, at last then. */
  readonly asked: { readonly watches: readonly Watch[]; readonly atMs: number };
}

export interface Evidence {
  readonly states: StateLog;
  readonly members: readonly SimMember[];
  readonly recorder: Recorder;
  readonly leases: LeaseBook;
  readonly mustHear: MustHear;
  readonly endMs: number;
  readonly model: ModelCheck | undefined;
  /** Undefined: as good as none. */
  readonly quotaBytes: number | undefined;
  /** What the store keeps where it compacts by itself; undefined: it does not. */
  readonly keptMs: number | undefined;
  /** A lease that nobody renews is there this much longer, at most. */
  readonly leaseSlackMs: number;
}

/** What can be said only at the end. */
export function judge(report: Report, evidence: Evidence): void {
  const { states, members, recorder, leases, endMs, leaseSlackMs } = evidence;
  const { operations, queries } = recorder;
  report.check('state-machine equality', () => {
    for (const { name, life } of members) {
      if (life) states.restored(name, life.dir.backend.applied.index, contentsOf(life));
    }
  });
  report.check('alarms', () => {
    for (const { name, life } of members) if (life) checkLiveBytes(name, life.dir.backend);
  });
  const past = new Past(states);
  report.check('answers', () => {
    new AnswerCheck(states, past).run(operations);
    new QueryCheck(past).run(queries);
    new RefusalCheck(states, past).run(operations);
  });
  const { keptMs } = evidence;
  if (keptMs !== undefined)
    report.check('compaction', () => checkAutoCompaction(states, past, operations, keptMs));
  report.check('transactions', () => checkAttempts(recorder.attempts, evidence.model));
  report.check('permissions', () => {
    const check = new PermissionCheck(states);
    check.run(recorder.accesses);
    check.leases(recorder.leaseReads, past);
    check.renewals(recorder.leaseRenewals, past);
  });
  report.check('locks and elections', () => checkQueues(recorder, states, past));
  report.check('alarms', () => checkAlarms(states, evidence.quotaBytes));
  report.check('watch', () => judgeWatches(evidence));
  report.check('linearizability', () => judgeOrder(recorder));
  report.check('lease safety', () => checkLeases(leases, states, past));
  report.check(
    'lease liveness',
    () => checkLeasesEnd(leases, states, endMs, leaseSlackMs),
    'liveness',
  );
}

function judgeWatches({ states, recorder, mustHear }: Evidence): void {
  const log = eventLogOf(states);
  for (const watch of recorder.watches) new WatchCheck(watch, log).run();
  for (const [before, after] of recorder.resumed) checkResumed(before, after, log);
  for (const watch of mustHear.open) {
    // Before anything else was asked that might remind somebody.
    const messages = watch.messages.filter(({ atMs }) => atMs <= mustHear.asked.atMs);
    WatchCheck.caughtUp({ ...watch, messages }, log, mustHear.revision);
  }
  judgeProgress(mustHear);
}

function judgeProgress({ asked, notified }: MustHear): void {
  const hears = ({ messages }: Watch, types: readonly string[], from: number, to: number) =>
    messages.some(({ type, atMs }) => types.includes(type) && atMs >= from && atMs <= to);
  const said = ({ client, key }: Watch): string => `a watch of client ${client} on ${key}`;
  for (const watch of asked.watches) {
    if (hears(watch, ['progress'], asked.atMs, Infinity)) continue;
    throw new BrokenPromise(`${said(watch)} asked for its progress and was never told`);
  }
  for (const watch of notified.watches) {
    // Before they asked.
    if (hears(watch, ['progress', 'events'], notified.sinceMs, asked.atMs - 1)) continue;
    throw new BrokenPromise(`${said(watch)} hears nothing, not even that all is well`);
  }
}

function judgeOrder(recorder: Recorder): void {
  // They make revisions of which this history knows nothing.
  if (recorder.attempts.length > 0 || recorder.writtenBeside) return;
  const { outcome, violation } = checkLinearizable(recorder, { initialRevision: 1, budget });
  if (outcome !== 'violated' || !violation) return;
  const window = violation.window.map((op) => `${callText(op.call)} → ${answerText(op)}`);
  throw new BrokenPromise(`${violation.reason} (${window.join('; ')})`);
}
