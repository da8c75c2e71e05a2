import { ageColumn, column, nameColumn, workloadColumns } from '../columns.ts';
import { isConditionTrue } from '../conditions.ts';
import { defaultJobSpec } from '../defaults/job-spec.ts';
import { humanDuration, parseTime } from '../time.ts';
import type { Job } from '../types.ts';
import { required } from '../causes.ts';
import { validateJobSpec, validateJobUpdate } from '../validation/job.ts';
import { declare } from './declare.ts';

const group = 'batch.kubernetes.io';

export const job = declare<Job>({
  group: 'batch',
  resource: 'jobs',
  kind: 'Job',
  categories: ['all'],
  hasStatus: true,
  hasGeneration: true,
  columns: [
    nameColumn,
    column('Status', phase, 'What has become of it.'),
    column('Completions', completions, 'How many pods succeeded, of how many.'),
    column('Duration', duration, 'How long it took, or has been running.'),
    ageColumn,
    ...workloadColumns<Job & { spec?: { selector: object } }>(),
  ],
  selectableFields: { 'status.successful': ({ status }) => String(status?.succeeded ?? 0) },
  prepareForCreate: (draft) => {
    draft.status = {};
    selectByUid(draft);
  },
  defaults: (draft) => {
    if (!draft.spec) return;
    defaultJobSpec(draft.spec);
    const labels = draft.spec.template?.metadata?.labels;
    if (draft.metadata && !draft.metadata.labels && labels) draft.metadata.labels = { ...labels };
  },
  validate: ({ spec }, old) => {
    if (!spec) return [required('spec')];
    return old?.spec
      ? [...validateJobSpec(spec, 'spec'), ...validateJobUpdate(spec, old)]
      : validateJobSpec(spec, 'spec');
  },
});

/** A Job's pods are told apart by its uid, unless somebody chose a selector by hand. */
function selectByUid({ metadata = {}, spec }: Job): void {
  if (!spec?.template || spec.manualSelector) return;
  const { uid = '', name = '' } = metadata;
  const template = spec.template;
  const labels = {
    ...template.metadata?.labels,
    'controller-uid': uid,
    'job-name': name,
    [`${group}/controller-uid`]: uid,
    [`${group}/job-name`]: name,
  };
  spec.template = { ...template, metadata: { ...template.metadata, labels } };
  // One that was given is refused by validation.
  spec.selector ??= { matchLabels: { [`${group}/controller-uid`]: uid } };
}

function phase({ metadata, spec, status }: Job): string {
  const is = (type: string): boolean => isConditionTrue(status?.conditions, type);
  if (is('Complete')) return 'Complete';
  if (is('Failed')) return 'Failed';
  if (metadata?.deletionTimestamp) return 'Terminating';
  if (is('Suspended') || spec?.suspend) return 'Suspended';
  if (is('FailureTarget')) return 'FailureTarget';
  if (is('SuccessCriteriaMet')) return 'SuccessCriteriaMet';
  return 'Running';
}

function completions({ spec, status }: Job): string {
  const succeeded = status?.succeeded ?? 0;
  if (spec?.completions !== undefined) return `${succeeded}/${spec.completions}`;
  const parallelism = spec?.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function duration({ status }: Job, nowMs: number): string {
  const start = parseTime(status?.startTime);
  if (start === undefined) return '';
  return humanDuration((parseTime(status?.completionTime) ?? nowMs) - start);
}
