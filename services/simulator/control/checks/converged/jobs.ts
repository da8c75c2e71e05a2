import { isConditionTrue, isPodTerminal, type Job } from '#shared/api';
import { each, podsOf, waitsForRoom } from './reality.ts';

/** A Job has come to the end that its program makes for, with just the pods that this takes. */
export const jobs = each<Job>('batch/jobs', (job, { objects }) => {
  const own = podsOf(objects, job);
  if (own.some(waitsForRoom)) return '';
  const { spec, status } = job;
  const completed = isConditionTrue(status?.conditions, 'Complete');
  const failed = isConditionTrue(status?.conditions, 'Failed');
  if (!completed && !failed) return `has not ended: ${JSON.stringify(status)}`;
  if (failsAlways(job) ? completed : failed)
    return `ended as it should not: ${JSON.stringify(status)}`;
  if (completed && status?.succeeded !== spec?.completions)
    return `wants ${spec?.completions} completions, counts ${status?.succeeded}`;
  if (failed && (status?.failed ?? 0) <= (spec?.backoffLimit ?? 6))
    return `gave up after ${status?.failed} failures of ${spec?.backoffLimit}`;
  if ((status?.active ?? 0) > 0) return `counts ${status?.active} active pods at its end`;
  if (own.some((pod) => !isPodTerminal(pod))) return 'has pods that run after its end';
  return spec?.ttlSecondsAfterFinished === undefined ? '' : 'has ended and outlives its time';
});

function failsAlways({ spec }: Job): boolean {
  const [, behaviour = '{}'] = spec?.template.spec?.containers[0]?.command ?? [];
  return ((JSON.parse(behaviour) as { exitCode?: number }).exitCode ?? 0) !== 0;
}
