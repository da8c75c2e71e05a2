import {
  checkLinearizable,
  checkWatches,
  type Operation,
  operationText,
  timeline,
} from '#shared/checks';
import type { RecordedHistory } from '#shared/workload';
import type { Context } from '../context.ts';

/** Exit codes of `quorate check`, beside 0 and 1. */
export const checkCodes = { violated: 3, undecided: 4 } as const;

export interface Judged {
  readonly exitCode: number;
  readonly page: string;
}

/** Prints the verdicts over a history, and draws it. */
export function judge(
  { out }: Context,
  history: RecordedHistory,
  budget: number | undefined,
): Judged {
  const { operations } = history;
  const of = (outcome: Operation['outcome']): number =>
    operations.filter((operation) => operation.outcome === outcome).length;
  const counts = `${of('ok')} acknowledged, ${of('unknown')} of unknown outcome, ${of('failed')} failed`;
  out.write(`${operations.length} operations (${counts})\n`);
  const linear = checkLinearizable(history, { initialRevision: history.initialRevision, budget });
  const watches = checkWatches(history);
  const violation = linear.violation;
  const words = {
    linearizable: 'yes',
    violated: 'NO',
    undecided: `undecided after ${linear.tried} states`,
  };
  out.write(`linearizable: ${words[linear.outcome]}\n`);
  if (violation) {
    out.write(`  ${violation.reason}\n`);
    for (const operation of violation.window) out.write(`  ${operationText(operation)}\n`);
  }
  if (watches.watches > 0) {
    const heard = `${watches.watches} watches, ${watches.events} revisions`;
    out.write(`watch guarantees: ${watches.outcome === 'kept' ? 'kept' : 'BROKEN'} (${heard})\n`);
    if (watches.reason) out.write(`  ${watches.reason}\n`);
  }
  const page = timeline(operations, {
    title: `quorate check: ${linear.outcome}`,
    window: violation?.window ?? [],
    reason: violation?.reason ?? watches.reason,
    remarks: history.remarks,
  });
  const broken = linear.outcome === 'violated' || watches.outcome === 'broken';
  if (broken) return { exitCode: checkCodes.violated, page };
  return { exitCode: linear.outcome === 'undecided' ? checkCodes.undecided : 0, page };
}
