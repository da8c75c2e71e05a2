import { isConditionTrue, isPodTerminal, type Job, type Pod } from '#shared/api';
import { each, podsOf, waits } from './reality.ts';

/** A Job has come to the end that its program makes for, with just the pods that this takes. */
export const jobs = each<Job>('batch/jobs', (job, { objects }) => {
  const own = podsOf(objects, job);
  if (own.some(waits(objects))) return '';
  const { spec, status } = job;
  if (spec?.suspend) return suspended(job, own);
  const completed = isConditionTrue(status?.conditions, 'Complete');
  const failed = isConditionTrue(status?.conditions, 'Failed');
  if (!completed && !failed) return `has not ended: ${JSON.stringify(status)}`;
  if (failsAlways(job) ? completed : failed)
    return `ended as it should not: ${JSON.stringify(status)}`;
  if (completed && status?.succeeded !== spec?.completions)
    return `wants ${spec?.completions} completions, counts ${status?.succeeded}`;
  const isLate = spec?.activeDeadlineSeconds !== undefined;
  if (failed && !isLate && (status?.failed ?? 0) <= (spec?.backoffLimit ?? 6))
    return `gave up after ${status?.failed} failures of ${spec?.backoffLimit}`;
  const all = Array.from({ length: spec?.completions ?? 1 }, (_, i) => i);
  if (completed && spec?.completionMode === 'Indexed' && !covers(status?.completedIndexes, all))
    return `has completed the indexes ${status?.completedIndexes} of ${spec.completions}`;
  if ((status?.active ?? 0) > 0) return `counts ${status?.active} active pods at its end`;
  if (own.some((pod) => !isPodTerminal(pod))) return 'has pods that run after its end';
  return spec?.ttlSecondsAfterFinished === undefined ? '' : 'has ended and outlives its time';
});

function suspended({ status }: Job, own: readonly Pod[]): string {
  const is = (type: string): boolean => isConditionTrue(status?.conditions, type);
  if (is('Complete') || is('Failed')) return '';
  if (own.some((pod) => !isPodTerminal(pod))) return 'is suspended and has pods';
  if (status?.active) return `is suspended and counts ${status.active} active pods`;
  return is('Suspended') ? '' : 'does not say that it is suspended';
}

/** `0-2,4` */
function covers(text: string | undefined, wanted: readonly number[]): boolean {
  const ranges = (text ?? '').split(',').map((range) => range.split('-').map(Number));
  return wanted.every((index) =>
    ranges.some(([from = -1, to = from]) => from <= index && index <= to),
  );
}

/** Or runs for longer than it may. */
function failsAlways({ spec }: Job): boolean {
  if (spec?.activeDeadlineSeconds !== undefined) return true;
  const [, behaviour = '{}'] = spec?.template.spec?.containers[0]?.command ?? [];
  return ((JSON.parse(behaviour) as { exitCode?: number }).exitCode ?? 0) !== 0;
}
