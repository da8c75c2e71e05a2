import type { FieldCause } from '#shared/base';
import { duplicate, invalidValue, notSupported, required } from '../causes.ts';
import type { Taint, Toleration } from '../types.ts';
import { qualifiedName, validLabelValue } from './names.ts';

const effects = ['NoExecute', 'NoSchedule', 'PreferNoSchedule'];

export function validateTaints(taints: readonly Taint[], field: string): FieldCause[] {
  const seen = new Set<string>();
  return taints.flatMap((taint, i) => {
    const at = `${field}[${i}]`;
    const causes = qualifiedName(taint.key).map((e) => invalidValue(`${at}.key`, taint.key, e));
    const { value = '' } = taint;
    for (const error of validLabelValue(value)) {
      causes.push(invalidValue(`${at}.value`, value, error));
    }
    if (taint.effect === '') causes.push(required(`${at}.effect`));
    else if (!effects.includes(taint.effect)) {
      causes.push(notSupported(`${at}.effect`, taint.effect, effects));
    }
    const id = `${taint.key}:${taint.effect}`;
    if (seen.has(id)) causes.push(duplicate(at, taint));
    seen.add(id);
    return causes;
  });
}

export function validateTolerations(
  tolerations: readonly Toleration[],
  field: string,
): FieldCause[] {
  return tolerations.flatMap((toleration, i) => {
    const at = `${field}[${i}]`;
    const { key = '', operator = 'Equal', value = '', effect = '' } = toleration;
    const causes: FieldCause[] = [];
    if (key !== '') {
      causes.push(...qualifiedName(key).map((e) => invalidValue(`${at}.key`, key, e)));
    } else if (operator !== 'Exists') {
      const detail =
        'operator must be Exists when `key` is empty, which means "match all values and all keys"';
      causes.push(invalidValue(`${at}.operator`, operator, detail));
    }
    if (toleration.tolerationSeconds !== undefined && effect !== 'NoExecute') {
      const detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
      causes.push(invalidValue(`${at}.effect`, effect, detail));
    }
    if (operator === 'Exists') {
      if (value !== '') {
        const detail = "value must be empty when `operator` is 'Exists'";
        causes.push(invalidValue(`${at}.operator`, value, detail));
      }
    } else if (operator === 'Equal') {
      causes.push(...validLabelValue(value).map((e) => invalidValue(`${at}.operator`, value, e)));
    } else {
      causes.push(notSupported(`${at}.operator`, operator, ['Equal', 'Exists']));
    }
    if (effect !== '' && !effects.includes(effect)) {
      causes.push(notSupported(`${at}.effect`, effect, effects));
    }
    return causes;
  });
}
