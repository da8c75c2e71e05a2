import type { FieldCause } from '#shared/base';
import { invalidValue, notSupported, required } from '../causes.ts';
import { ageColumn, column, containerColumns, nameColumn, none, wide } from '../columns.ts';
import { defaultJobSpec } from '../defaults/job-spec.ts';
import { labelSelectorMatcher } from '../selectors.ts';
import { age } from '../time.ts';
import type { CronJob } from '../types.ts';
import { validateJobTemplateSpec } from '../validation/job.ts';
import { dnsSubdomain } from '../validation/names.ts';
import { validateNonNegative } from '../validation/probes.ts';
import { validateSchedule } from '../validation/schedule.ts';
import { declare } from './declare.ts';

const policies = ['Allow', 'Forbid', 'Replace'];
/** Room for what the names of its Jobs end in. */
const maxNameLength = 52;
const counts = ['startingDeadlineSeconds', 'successfulJobsHistoryLimit', 'failedJobsHistoryLimit'];

export const cronJob = declare<CronJob>({
  group: 'batch',
  resource: 'cronjobs',
  kind: 'CronJob',
  shortNames: ['cj'],
  categories: ['all'],
  hasStatus: true,
  hasGeneration: true,
  columns: [
    nameColumn,
    column('Schedule', ({ spec }) => spec?.schedule ?? '', 'When it runs.'),
    column('Timezone', ({ spec }) => spec?.timeZone ?? none, 'By whose clocks.'),
    column('Suspend', ({ spec }) => (spec?.suspend ? 'True' : 'False'), 'Whether it rests.'),
    column('Active', ({ status }) => status?.active?.length ?? 0, 'Jobs running.', 'integer'),
    column(
      'Last Schedule',
      ({ status }, nowMs) =>
        status?.lastScheduleTime ? age(status.lastScheduleTime, nowMs) : none,
      'When it ran last.',
    ),
    ageColumn,
    ...containerColumns<CronJob>(({ spec }) => spec?.jobTemplate.spec?.template),
    wide(
      'Selector',
      ({ spec }) => labelSelectorMatcher(spec?.jobTemplate.spec?.selector).toString() || none,
      'Which pods belong to its Jobs.',
    ),
  ],
  validateName: (name) =>
    name.length > maxNameLength
      ? [`must be no more than ${maxNameLength} characters`]
      : dnsSubdomain(name),
  prepareForCreate: (draft) => {
    draft.status = {};
  },
  defaults: ({ spec }) => {
    if (!spec) return;
    spec.concurrencyPolicy ??= 'Allow';
    spec.suspend ??= false;
    spec.successfulJobsHistoryLimit ??= 3;
    spec.failedJobsHistoryLimit ??= 1;
    if (spec.jobTemplate?.spec) defaultJobSpec(spec.jobTemplate.spec);
  },
  validate: ({ spec }) => {
    if (!spec) return [required('spec')];
    const { schedule, concurrencyPolicy = '', jobTemplate, timeZone } = spec;
    const causes: FieldCause[] = validateNonNegative(spec, counts, 'spec');
    if (schedule === '') causes.push(required('spec.schedule'));
    else {
      for (const error of validateSchedule(schedule)) {
        causes.push(invalidValue('spec.schedule', schedule, error));
      }
    }
    if (timeZone !== undefined && !isTimeZone(timeZone)) {
      causes.push(invalidValue('spec.timeZone', timeZone, `unknown time zone ${timeZone}`));
    }
    if (!policies.includes(concurrencyPolicy)) {
      causes.push(notSupported('spec.concurrencyPolicy', concurrencyPolicy, policies));
    }
    if (!jobTemplate.spec) return [...causes, required('spec.jobTemplate.spec.template')];
    return [...causes, ...validateJobTemplateSpec(jobTemplate.spec, 'spec.jobTemplate.spec')];
  },
});

function isTimeZone(name: string): boolean {
  if (name === '' || name.toLowerCase() === 'local') return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).format(0) !== '';
  } catch {
    return false;
  }
}
