import type { FieldCause } from '#shared/base';
import { invalidValue } from '../causes.ts';
import { compareQuantities, tryParseQuantity } from '../quantity.ts';
import type { Container } from '../types.ts';
import { qualifiedName } from './names.ts';

const overcommitable = new Set(['cpu', 'memory', 'ephemeral-storage']);
const standard = new Set(['cpu', 'memory', 'ephemeral-storage']);

/** A container's requests and limits: known names, nothing negative, requests within limits. */
export function validateResources(
  { limits = {}, requests = {} }: NonNullable<Container['resources']>,
  field: string,
): FieldCause[] {
  const causes = [
    ...validateAmounts(limits, `${field}.limits`),
    ...validateAmounts(requests, `${field}.requests`),
  ];
  for (const [name, request] of Object.entries(requests)) {
    const limit = Object.hasOwn(limits, name) ? limits[name] : undefined;
    const asked = tryParseQuantity(request);
    const most = limit === undefined ? undefined : tryParseQuantity(limit);
    if (!asked || !most) continue;
    const order = compareQuantities(asked, most);
    if (order > 0) {
      const detail = `must be less than or equal to ${name} limit of ${limit}`;
      causes.push(invalidValue(`${field}.requests`, request, detail));
    } else if (order < 0 && !overcommitable.has(name) && !name.startsWith('hugepages-')) {
      const detail = `must be equal to ${name} limit of ${limit}`;
      causes.push(invalidValue(`${field}.requests`, request, detail));
    }
  }
  return causes;
}

function validateAmounts(amounts: Readonly<Record<string, string>>, field: string): FieldCause[] {
  const causes: FieldCause[] = [];
  for (const [name, text] of Object.entries(amounts)) {
    const at = `${field}[${name}]`;
    for (const error of qualifiedName(name)) causes.push(invalidValue(at, name, error));
    if (!name.includes('/') && !standard.has(name) && !name.startsWith('hugepages-')) {
      causes.push(invalidValue(at, name, 'must be a standard resource for containers'));
    }
    const amount = tryParseQuantity(text);
    if (amount && amount.nano < 0n) {
      causes.push(invalidValue(at, text, 'must be greater than or equal to 0'));
    }
  }
  return causes;
}
