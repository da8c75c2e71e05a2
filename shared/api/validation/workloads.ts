import type { FieldCause } from '#shared/base';
import { invalidValue, required } from '../causes.ts';
import { equalJson } from '../equal.ts';
import { labelSelectorMatcher } from '../selectors.ts';
import type { LabelSelector, PodTemplateSpec } from '../types.ts';
import { validateServingTemplate } from './pod-spec.ts';
import { atLeastZero } from './probes.ts';
import { isEmptySelector, validateSelector } from './selectors.ts';

interface WorkloadSpec {
  readonly replicas?: number;
  readonly minReadySeconds?: number;
  readonly selector: LabelSelector;
  readonly template?: PodTemplateSpec;
}

/** What workloads have in common: counts, a selector, and a template that fits it. */
export function validateWorkload(
  spec: WorkloadSpec,
  old?: WorkloadSpec,
  kind = 'ReplicaSet',
): FieldCause[] {
  const { selector, template } = spec;
  const causes: FieldCause[] = [];
  for (const key of ['replicas', 'minReadySeconds'] as const) {
    const value = spec[key] ?? 0;
    if (value < 0) causes.push(invalidValue(`spec.${key}`, value, atLeastZero));
  }
  const wrong = validateSelector(selector, 'spec.selector');
  causes.push(...wrong);
  if (isEmptySelector(selector)) {
    // ReplicaSets say it of Deployments in Kubernetes too.
    const whose = kind === 'ReplicaSet' ? 'deployment' : kind.toLowerCase();
    const detail = `empty selector is invalid for ${whose}`;
    causes.push(invalidValue('spec.selector', selector, detail));
  }
  if (!template) return [...causes, required('spec.template')];
  const labels = template.metadata?.labels ?? {};
  if (wrong.length === 0 && !labelSelectorMatcher(selector).matches(labels)) {
    const detail = '`selector` does not match template `labels`';
    causes.push(invalidValue('spec.template.metadata.labels', labels, detail));
  }
  causes.push(...validateServingTemplate(template, 'spec.template', kind));
  if (old && !equalJson(selector, old.selector)) {
    causes.push(invalidValue('spec.selector', selector, 'field is immutable'));
  }
  return causes;
}
