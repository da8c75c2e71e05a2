import type { FieldCause } from '#shared/base';
import { forbidden, invalidValue, notSupported, required } from '../causes.ts';
import { parsePercent } from '../int-or-percent.ts';
import type { Deployment, DeploymentSpec } from '../types.ts';
import { atLeastZero } from './probes.ts';
import { validateWorkload } from './workloads.ts';

export function validateDeployment(deployment: Deployment, old?: Deployment): FieldCause[] {
  const { spec } = deployment;
  if (!spec) return [required('spec')];
  const causes = validateWorkload(spec, old?.spec);
  causes.push(...validateStrategy(spec));
  const { revisionHistoryLimit = 0, progressDeadlineSeconds = 0, minReadySeconds = 0 } = spec;
  if (revisionHistoryLimit < 0) {
    causes.push(invalidValue('spec.revisionHistoryLimit', revisionHistoryLimit, atLeastZero));
  }
  const deadline = 'spec.progressDeadlineSeconds';
  if (progressDeadlineSeconds < 0) {
    causes.push(invalidValue(deadline, progressDeadlineSeconds, atLeastZero));
  }
  if (progressDeadlineSeconds <= minReadySeconds) {
    const detail = 'must be greater than minReadySeconds';
    causes.push(invalidValue(deadline, progressDeadlineSeconds, detail));
  }
  return causes;
}

function validateStrategy({ strategy = {} }: DeploymentSpec): FieldCause[] {
  const { type = '', rollingUpdate } = strategy;
  const field = 'spec.strategy.rollingUpdate';
  if (type === 'Recreate') {
    if (!rollingUpdate) return [];
    return [forbidden(field, "may not be specified when strategy `type` is 'Recreate'")];
  }
  if (type !== 'RollingUpdate') {
    return [notSupported('spec.strategy.type', type, ['Recreate', 'RollingUpdate'])];
  }
  const { maxSurge = 0, maxUnavailable = 0 } = rollingUpdate ?? {};
  const causes = [
    ...validateIntOrPercent(maxUnavailable, `${field}.maxUnavailable`),
    ...validateIntOrPercent(maxSurge, `${field}.maxSurge`),
  ];
  if (causes.length > 0) return causes;
  if (isZero(maxUnavailable) && isZero(maxSurge)) {
    const detail = 'may not be 0 when `maxSurge` is 0';
    causes.push(invalidValue(`${field}.maxUnavailable`, maxUnavailable, detail));
  }
  if (typeof maxUnavailable === 'string' && (parsePercent(maxUnavailable) ?? 0) > 100) {
    const detail = 'must not be greater than 100%';
    causes.push(invalidValue(`${field}.maxUnavailable`, maxUnavailable, detail));
  }
  return causes;
}

const percentRule =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

export function validateIntOrPercent(value: number | string, field: string): FieldCause[] {
  if (typeof value === 'number') return value < 0 ? [invalidValue(field, value, atLeastZero)] : [];
  return parsePercent(value) === undefined ? [invalidValue(field, value, percentRule)] : [];
}

export const isZero = (value: number | string): boolean => Number.parseInt(String(value), 10) === 0;
