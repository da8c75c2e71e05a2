import type { FieldCause } from '#shared/base';
import { invalidValue, notSupported, required } from '../causes.ts';
import { equalJson } from '../equal.ts';
import { labelSelectorMatcher } from '../selectors.ts';
import type { Job, JobSpec } from '../types.ts';
import { validateTemplate } from './pod-spec.ts';
import { validateNonNegative } from './probes.ts';

const counts = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
];
const modes = ['Indexed', 'NonIndexed'];
const actions = ['Count', 'FailIndex', 'FailJob', 'Ignore'];

/** A Job as it runs. */
export function validateJobSpec(spec: JobSpec, field: string): FieldCause[] {
  const causes = validateJobTemplateSpec(spec, field);
  const { selector } = spec;
  if (!selector) return [...causes, required(`${field}.selector`)];
  const labels = spec.template.metadata?.labels ?? {};
  if (!labelSelectorMatcher(selector).matches(labels)) {
    const detail = '`selector` does not match template `labels`';
    causes.push(invalidValue(`${field}.template.metadata.labels`, labels, detail));
  }
  if (!spec.manualSelector) {
    const uid = labels['batch.kubernetes.io/controller-uid'];
    const own = { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } };
    if (!equalJson(selector, own)) {
      causes.push(invalidValue(`${field}.selector`, selector, '`selector` not auto-generated'));
    }
  }
  return causes;
}

/** A Job as a CronJob describes it: its selector comes later. */
export function validateJobTemplateSpec(spec: JobSpec, field: string): FieldCause[] {
  const causes = validateNonNegative(spec, counts, field);
  const { completionMode = '', template } = spec;
  if (!modes.includes(completionMode)) {
    causes.push(notSupported(`${field}.completionMode`, completionMode, modes));
  }
  const indexed = completionMode === 'Indexed';
  if (indexed && spec.completions === undefined) {
    causes.push(required(`${field}.completions`, 'when completion mode is Indexed'));
  }
  if (!indexed && spec.backoffLimitPerIndex !== undefined) {
    const at = `${field}.backoffLimitPerIndex`;
    causes.push(invalidValue(at, spec.backoffLimitPerIndex, 'requires indexed completion mode'));
  }
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined) {
    causes.push(required(`${field}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'));
  }
  const policy = template.spec?.restartPolicy ?? '';
  const at = `${field}.template.spec.restartPolicy`;
  if (policy === '' || policy === 'Always') {
    causes.push(required(at, 'valid values: "OnFailure", "Never"'));
  }
  return [
    ...causes,
    ...validateFailurePolicy(spec, `${field}.podFailurePolicy`),
    ...validateTemplate(template, `${field}.template`),
  ];
}

function validateFailurePolicy({ podFailurePolicy, template }: JobSpec, field: string) {
  if (!podFailurePolicy) return [];
  const causes: FieldCause[] = [];
  if (template.spec?.restartPolicy !== 'Never') {
    const at = 'spec.template.spec.restartPolicy';
    const detail = 'only "Never" is supported when podFailurePolicy is specified';
    causes.push(invalidValue(at, template.spec?.restartPolicy, detail));
  }
  for (const [i, rule] of podFailurePolicy.rules.entries()) {
    const at = `${field}.rules[${i}]`;
    if (!actions.includes(rule.action)) {
      causes.push(notSupported(`${at}.action`, rule.action, actions));
    }
    if (!rule.onExitCodes && (rule.onPodConditions ?? []).length === 0) {
      const detail = 'specifying one of OnExitCodes and OnPodConditions is required';
      causes.push(invalidValue(at, rule, detail));
    }
  }
  return causes;
}

/** A Job keeps what it was created for; one that is suspended may still change its pods' labels. */
export function validateJobUpdate(spec: JobSpec, { spec: before, status }: Job): FieldCause[] {
  if (!before) return [];
  const fixed: (keyof JobSpec)[] = [
    'selector',
    'completionMode',
    'podFailurePolicy',
    'backoffLimitPerIndex',
  ];
  // Indexed Jobs may change both counts together.
  const elastic = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism;
  if (!elastic) fixed.push('completions');
  const idle = before.suspend === true && status?.startTime === undefined;
  if (!idle) fixed.push('template');
  return fixed
    .filter((key) => !equalJson(spec[key], before[key]))
    .map((key) => invalidValue(`spec.${key}`, spec[key], 'field is immutable'));
}
