import type { FieldCause } from '#shared/base';

/** What Kubernetes' field.Error says, by kind of error. `field` is the path as in a manifest. */
export const required = (field: string, detail = ''): FieldCause => ({
  field,
  message: detail === '' ? 'Required value' : `Required value: ${detail}`,
  reason: 'FieldValueRequired',
});

export const invalidValue = (field: string, value: unknown, detail: string): FieldCause => ({
  field,
  message: `Invalid value: ${quote(value)}: ${detail}`,
  reason: 'FieldValueInvalid',
});

export const notSupported = (
  field: string,
  value: unknown,
  supported: readonly string[],
): FieldCause => ({
  field,
  message: `Unsupported value: ${quote(value)}: supported values: ${[...supported]
    .sort()
    .map((v) => JSON.stringify(v))
    .join(', ')}`,
  reason: 'FieldValueNotSupported',
});

export const duplicate = (field: string, value: unknown): FieldCause => ({
  field,
  message: `Duplicate value: ${quote(value)}`,
  reason: 'FieldValueDuplicate',
});

export const notFoundValue = (field: string, value: unknown): FieldCause => ({
  field,
  message: `Not found: ${quote(value)}`,
  reason: 'FieldValueNotFound',
});

export const forbidden = (field: string, detail: string): FieldCause => ({
  field,
  message: `Forbidden: ${detail}`,
  reason: 'FieldValueForbidden',
});

export const tooLong = (field: string, maxLength: number): FieldCause => ({
  field,
  message: `Too long: may not be more than ${maxLength} bytes`,
  reason: 'FieldValueTooLong',
});

export const tooMany = (field: string, actual: number, max: number): FieldCause => ({
  field,
  message: `Too many: ${actual}: must have at most ${max} items`,
  reason: 'FieldValueTooMany',
});

const maxQuoted = 512;

/** The value as JSON. A huge one is cut: messages travel in headers, which have limits. */
function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? 'null';
  return text.length <= maxQuoted
    ? text
    : `${text.slice(0, maxQuoted)}… (${text.length} characters)`;
}

/** How many causes an error names. */
export const maxListed = 20;

/** The first so many of a list that is only read by people. */
export function firstFew(said: readonly string[]): string[] {
  const more = said.length - maxListed;
  return more <= 0 ? [...said] : [...said.slice(0, maxListed), `and ${more} more`];
}
