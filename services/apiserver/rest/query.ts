import { type FieldValidation, forbiddenValue, notSupported } from '#shared/api';
import type { FieldCause } from '#shared/base';
import type { DeleteOptions, ListOptions, WriteOptions } from '#shared/client';
import type { ApplyOptions } from '../registry/apply.ts';
import {
  applyCauses,
  checkOptions,
  dryRunCauses,
  fieldManagerCauses,
  fieldValidationCauses,
  maxManagerLength,
  readDeleteOptions,
} from '../registry/options.ts';
import type { Exchange } from './exchange.ts';
import { booleanParam, integerParam } from './params.ts';

/** The options of Kubernetes' verbs as query parameters. All throw `bad-request` for what is none. */

const matches = { Exact: 'exact', NotOlderThan: 'not-older-than' } as const;

export function listOptions(query: URLSearchParams, namespace: string): ListOptions {
  const match = query.get('resourceVersionMatch') || undefined;
  const isWatch = booleanParam(query, 'watch') === true;
  checkOptions('ListOptions', isWatch ? watchCauses(query) : listCauses(query));
  return {
    namespace,
    labelSelector: query.get('labelSelector') ?? undefined,
    fieldSelector: query.get('fieldSelector') ?? undefined,
    limit: integerParam(query, 'limit'),
    continue: query.get('continue') ?? undefined,
    resourceVersion: query.get('resourceVersion') ?? undefined,
    resourceVersionMatch: match === undefined ? undefined : matches[match as keyof typeof matches],
  };
}

const matchField = 'resourceVersionMatch';
const noMatch = (why: string): FieldCause => forbiddenValue(matchField, why);
const withContinue = `${matchField} is forbidden when continue is provided`;

function listCauses(query: URLSearchParams): FieldCause[] {
  const match = query.get(matchField) ?? '';
  const version = query.get('resourceVersion') ?? '';
  const causes: FieldCause[] = [];
  if (match !== '') {
    if (version === '') {
      causes.push(noMatch(`${matchField} is forbidden unless resourceVersion is provided`));
    }
    if (query.get('continue')) causes.push(noMatch(withContinue));
    if (!Object.hasOwn(matches, match)) {
      causes.push(notSupported(matchField, match, ['Exact', 'NotOlderThan', '']));
    }
    if (match === 'Exact' && version === '0') {
      causes.push(noMatch(`${matchField} "exact" is forbidden for resourceVersion "0"`));
    }
  }
  if (query.has('sendInitialEvents')) {
    causes.push(forbiddenValue('sendInitialEvents', 'sendInitialEvents is forbidden for list'));
  }
  return causes;
}

function watchCauses(query: URLSearchParams): FieldCause[] {
  const match = query.get(matchField) ?? '';
  const initial = query.has('sendInitialEvents');
  const causes: FieldCause[] = [];
  if (initial && match !== 'NotOlderThan') {
    causes.push(noMatch(`sendInitialEvents requires setting ${matchField} to NotOlderThan`));
  }
  if (match !== '') {
    if (!initial) {
      const why = `${matchField} is forbidden for watch unless sendInitialEvents is provided`;
      causes.push(noMatch(why));
    }
    if (match !== 'NotOlderThan') causes.push(notSupported(matchField, match, ['NotOlderThan']));
    if (query.get('continue')) causes.push(noMatch(withContinue));
  }
  return causes;
}

const validations: Readonly<Record<string, FieldValidation>> = {
  Strict: 'strict',
  Warn: 'warn',
  Ignore: 'ignore',
};

/** Options of a create or an update. Throws `invalid`. */
export function writeOptions(
  exchange: Exchange,
  kind: 'CreateOptions' | 'UpdateOptions',
): WriteOptions {
  checkOptions(kind, writeCauses(exchange.query));
  return givenOptions(exchange);
}

/** Options of a patch; of an apply they may say more, and must. Throws `invalid`. */
export function patchOptions(exchange: Exchange, isApply: boolean): ApplyOptions {
  const { query } = exchange;
  const force = booleanParam(query, 'force');
  const manager = query.get('fieldManager') ?? '';
  checkOptions('PatchOptions', [
    ...applyCauses(isApply, manager, force !== undefined),
    ...writeCauses(query),
  ]);
  return { ...givenOptions(exchange), force };
}

const writeCauses = (query: URLSearchParams): FieldCause[] => [
  ...fieldManagerCauses(query.get('fieldManager') ?? ''),
  ...dryRunCauses(dryRun(query)),
  ...fieldValidationCauses(query.get('fieldValidation') ?? ''),
];

function givenOptions(exchange: Exchange): WriteOptions {
  const { query, warn } = exchange;
  return {
    fieldValidation: validations[query.get('fieldValidation') || 'Warn'],
    fieldManager: query.get('fieldManager') || programOf(exchange.header('user-agent')),
    dryRun: dryRun(query).length > 0,
    warn,
  };
}

/** As Kubernetes names a client that says no more: the first part of its User-Agent. */
const programOf = (agent: string | undefined): string | undefined =>
  agent?.split('/')[0]?.slice(0, maxManagerLength) || undefined;

/** Options of a delete that has no body. Throws `bad-request` and `invalid`. */
export const deleteOptions = (query: URLSearchParams): DeleteOptions =>
  readDeleteOptions({
    propagationPolicy: query.get('propagationPolicy') || undefined,
    orphanDependents: booleanParam(query, 'orphanDependents'),
    gracePeriodSeconds: integerParam(query, 'gracePeriodSeconds'),
    dryRun: dryRun(query),
  });

const dryRun = (query: URLSearchParams): string[] =>
  query.getAll('dryRun').filter((value) => value !== '');
