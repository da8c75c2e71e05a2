import type { FieldCause } from '#shared/base';
import { forbidden, invalidValue, required } from '../causes.ts';
import type { LabelSelector } from '../types.ts';
import { validateLabels } from './metadata.ts';
import { qualifiedName, validLabelValue } from './names.ts';

/** A LabelSelector object. */
export function validateSelector(selector: LabelSelector, field: string): FieldCause[] {
  const causes = validateLabels(selector.matchLabels, `${field}.matchLabels`);
  for (const [i, { key, operator, values }] of (selector.matchExpressions ?? []).entries()) {
    const at = `${field}.matchExpressions[${i}]`;
    const count = values?.length ?? 0;
    switch (operator) {
      case 'In':
      case 'NotIn':
        if (count === 0) {
          const detail = "must be specified when `operator` is 'In' or 'NotIn'";
          causes.push(required(`${at}.values`, detail));
        }
        break;
      case 'Exists':
      case 'DoesNotExist':
        if (count > 0) {
          const detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
          causes.push(forbidden(`${at}.values`, detail));
        }
        break;
      default:
        causes.push(invalidValue(`${at}.operator`, operator, 'not a valid selector operator'));
    }
    for (const error of qualifiedName(key)) causes.push(invalidValue(`${at}.key`, key, error));
    for (const [j, value] of (values ?? []).entries()) {
      for (const error of validLabelValue(value)) {
        causes.push(invalidValue(`${at}.values[${j}]`, value, error));
      }
    }
  }
  return causes;
}

export const isEmptySelector = ({ matchLabels, matchExpressions }: LabelSelector): boolean =>
  Object.keys(matchLabels ?? {}).length === 0 && (matchExpressions ?? []).length === 0;
