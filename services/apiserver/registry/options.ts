import {
  badRequest,
  forbiddenValue,
  invalid,
  invalidValue,
  notSupported,
  required,
  tooLong,
} from '#shared/api';
import type { FieldCause } from '#shared/base';
import type { DeleteOptions } from '#shared/client';

/** The options of meta.k8s.io/v1 that the verbs take. */
type OptionsKind =
  | 'CreateOptions'
  | 'DeleteOptions'
  | 'ListOptions'
  | 'PatchOptions'
  | 'UpdateOptions';

/** Throws `invalid` with all that is wrong with options, where something is. */
export function checkOptions(kind: OptionsKind, causes: readonly FieldCause[]): void {
  if (causes.length > 0) throw invalid({ group: 'meta.k8s.io', kind }, '', causes);
}

/** `dryRun` is a list whose only value is `All`. */
export function dryRunCauses(values: readonly string[]): FieldCause[] {
  if (values.every((value) => value === 'All')) return [];
  // The list as Go prints it.
  const list = values.map((value) => JSON.stringify(value)).join(', ');
  const cause = notSupported('dryRun', '', ['All']);
  return [{ ...cause, message: cause.message.replace('""', `[]string{${list}}`) }];
}

const validations = ['', 'Ignore', 'Strict', 'Warn'];

export const fieldValidationCauses = (asked: string): FieldCause[] =>
  validations.includes(asked) ? [] : [notSupported('fieldValidation', asked, validations)];

/** The longest name that a field manager may have, in bytes. */
export const maxManagerLength = 128;

export function fieldManagerCauses(name: string): FieldCause[] {
  const field = 'fieldManager';
  const long = Buffer.byteLength(name) > maxManagerLength ? [tooLong(field, maxManagerLength)] : [];
  let at = 0;
  const odd: FieldCause[] = [];
  for (const char of name) {
    if (!/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(char)) {
      const code = (char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
      odd.push(invalidValue(field, name, `invalid character U+${code} (at position ${at})`));
    }
    at += Buffer.byteLength(char);
  }
  return [...long, ...odd];
}

/** What an apply must say, and what another patch must not. */
export const applyCauses = (isApply: boolean, manager: string, forced: boolean): FieldCause[] => [
  ...(isApply && manager === '' ? [required('fieldManager', 'is required for apply patch')] : []),
  ...(!isApply && forced
    ? [forbiddenValue('force', 'may not be specified for non-apply patch')]
    : []),
];

const propagations = {
  Background: 'background',
  Foreground: 'foreground',
  Orphan: 'orphan',
} as const;

/** A delete's options as they come: by body or by query. */
export interface GivenDeleteOptions {
  readonly propagationPolicy?: string | undefined;
  readonly orphanDependents?: boolean | undefined;
  readonly gracePeriodSeconds?: number | undefined;
  readonly dryRun?: readonly string[] | undefined;
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string } | undefined;
}

/** Throws `invalid`. */
export function readDeleteOptions(given: GivenDeleteOptions): DeleteOptions {
  const { propagationPolicy: policy, orphanDependents: orphan, gracePeriodSeconds: grace } = given;
  const field = 'propagationPolicy';
  const both = 'orphanDependents and deletionPropagation cannot be both set';
  checkOptions('DeleteOptions', [
    ...(policy !== undefined && orphan !== undefined ? [invalidValue(field, policy, both)] : []),
    ...(policy === undefined || Object.hasOwn(propagations, policy) ? [] : [noPolicy(policy)]),
    ...dryRunCauses(given.dryRun ?? []),
  ]);
  const { uid, resourceVersion } = given.preconditions ?? {};
  const known = propagations[policy as keyof typeof propagations];
  const propagation = known ?? (orphan === undefined ? undefined : byOrphan(orphan));
  return {
    ...(propagation && { propagation }),
    ...(grace !== undefined && { gracePeriodSeconds: grace }),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
    dryRun: (given.dryRun ?? []).length > 0,
  };
}

const byOrphan = (orphan: boolean): 'orphan' | 'background' => (orphan ? 'orphan' : 'background');

function noPolicy(policy: string): FieldCause {
  // Kubernetes' list, in its order.
  const supported = '"Foreground", "Background", "Orphan", "nil"';
  return {
    field: 'propagationPolicy',
    message: `Unsupported value: ${JSON.stringify(policy)}: supported values: ${supported}`,
    reason: 'FieldValueNotSupported',
  };
}

const types: Readonly<Record<keyof GivenDeleteOptions, string>> = {
  propagationPolicy: 'string',
  orphanDependents: 'boolean',
  gracePeriodSeconds: 'number',
  dryRun: 'array',
  preconditions: 'object',
};

/** meta.k8s.io/v1 DeleteOptions as a request's body carries it. Throws `bad-request` or `invalid`. */
export function parseDeleteOptions(body: unknown): DeleteOptions {
  if (body === undefined || body === null) return readDeleteOptions({});
  if (typeof body !== 'object' || Array.isArray(body)) {
    throw badRequest('decoded object cannot be converted to DeleteOptions');
  }
  const given = Object.entries(body).filter(
    ([name, value]) => Object.hasOwn(types, name) && value !== null,
  );
  for (const [name, value] of given) {
    const found = Array.isArray(value) ? 'array' : typeof value;
    const expected = types[name as keyof GivenDeleteOptions];
    const whole = found !== 'number' || Number.isSafeInteger(value);
    if (found === expected && whole) continue;
    throw badRequest(`json: cannot unmarshal ${goName(found)} into field DeleteOptions.${name}`);
  }
  return readDeleteOptions(Object.fromEntries(given));
}

const goName = (type: string): string => (type === 'boolean' ? 'bool' : type);
