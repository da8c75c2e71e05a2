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
import { eventLogOf } from './event-log.ts';
import { checkLeases, checkLeasesEnd } from './leases.ts';
import type { ModelCheck } from './model/check.ts';
import { contentsOf } from './observer.ts';
import { Past } from './past.ts';
import { PermissionCheck } from './permissions.ts';
import { QueryCheck } from './queries.ts';
import { RefusalCheck } from './refusals.ts';
import type { Report } from './report.ts';
import type { StateLog } from './state-log.ts';

/** Orders tried for a history; what is not decided then is left to the other checkers. */
const budget = 100_000;

export interface Evidence {
  readonly states: StateLog;
  readonly members: readonly SimMember[];
  readonly recorder: Recorder;
  readonly leases: LeaseBook;
  /** Watches that must have caught up with this revision in the end. */
  readonly mustHear: { readonly open: readonly Watch[]; readonly revision: number };
  readonly endMs: number;
  readonly model: ModelCheck | undefined;
  /** Undefined: as good as none. */
  readonly quotaBytes: number | undefined;
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
  const past = new Past(states);
  report.check('answers', () => {
    new AnswerCheck(states, past).run(operations);
    new QueryCheck(past).run(queries);
    new RefusalCheck(states, past).run(operations);
  });
  report.check('transactions', () => checkAttempts(recorder.attempts, evidence.model));
  report.check('permissions', () => new PermissionCheck(states).run(recorder.accesses));
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
  for (const watch of mustHear.open) WatchCheck.caughtUp(watch, log, mustHear.revision);
}

function judgeOrder(recorder: Recorder): void {
  // They make revisions of which this history knows nothing.
  if (recorder.attempts.length > 0) return;
  const { outcome, violation } = checkLinearizable(recorder, { initialRevision: 1, budget });
  if (outcome !== 'violated' || !violation) return;
  const window = violation.window.map((op) => `${callText(op.call)} → ${answerText(op)}`);
  throw new BrokenPromise(`${violation.reason} (${window.join('; ')})`);
}
