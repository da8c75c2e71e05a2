import { badRequest, type FieldValidation } from '#shared/api';
import type { DeleteOptions, ListOptions, WriteOptions } from '#shared/client';
import { parseDryRun, parsePropagation } from '../registry/delete-options.ts';
import type { Exchange } from './exchange.ts';

/** The options of Kubernetes' verbs as query parameters. All throw `bad-request`. */

export function booleanParam(query: URLSearchParams, key: string): boolean | undefined {
  const text = query.get(key);
  if (text === null) return undefined;
  // As Kubernetes reads them: there is true unless it says otherwise.
  return text !== 'false' && text !== '0';
}

export function integerParam(query: URLSearchParams, key: string): number | undefined {
  const text = query.get(key);
  if (text === null || text === '') return undefined;
  const value = Number(text);
  if (/^-?\d+$/.test(text) && Number.isSafeInteger(value)) return value;
  throw badRequest(`${key}: Invalid value: ${JSON.stringify(text)}: must be an integer`);
}

const matches = { Exact: 'exact', NotOlderThan: 'not-older-than' } as const;

export function listOptions(query: URLSearchParams, namespace: string): ListOptions {
  const match = query.get('resourceVersionMatch') || undefined;
  if (match !== undefined && !Object.hasOwn(matches, match)) {
    throw badRequest(
      `resourceVersionMatch: Unsupported value: ${JSON.stringify(match)}: supported values: "Exact", "NotOlderThan"`,
    );
  }
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

const validations: Readonly<Record<string, FieldValidation>> = {
  Strict: 'strict',
  Warn: 'warn',
  Ignore: 'ignore',
};

/** The longest name that a field manager may have. */
const maxManagerLength = 128;

export function writeOptions(exchange: Exchange): WriteOptions {
  const { query } = exchange;
  const asked = query.get('fieldValidation') || 'Warn';
  const fieldValidation = Object.hasOwn(validations, asked) ? validations[asked] : undefined;
  if (!fieldValidation) {
    throw badRequest(
      `fieldValidation: Unsupported value: ${JSON.stringify(asked)}: supported values: "Ignore", "Strict", "Warn"`,
    );
  }
  return {
    fieldValidation,
    fieldManager: fieldManager(query) ?? programOf(exchange.header('user-agent')),
    dryRun: dryRun(query),
  };
}

function fieldManager(query: URLSearchParams): string | undefined {
  const name = query.get('fieldManager') || undefined;
  if ((name?.length ?? 0) > maxManagerLength) {
    throw badRequest(`fieldManager: Too long: may not be more than ${maxManagerLength} bytes`);
  }
  if (name !== undefined && !/^[\x20-\x7e]+$/.test(name)) {
    throw badRequest('fieldManager: Invalid value: should only contain printable characters');
  }
  return name;
}

/** As Kubernetes names a client that says no more: the first part of its User-Agent. */
const programOf = (agent: string | undefined): string | undefined =>
  agent?.split('/')[0]?.slice(0, maxManagerLength) || undefined;

/** Options of a delete that has no body. */
export function deleteOptions(query: URLSearchParams): DeleteOptions {
  const policy = query.get('propagationPolicy') || undefined;
  return {
    ...(policy && { propagation: parsePropagation(policy) }),
    gracePeriodSeconds: integerParam(query, 'gracePeriodSeconds'),
    dryRun: dryRun(query),
  };
}

function dryRun(query: URLSearchParams): boolean {
  const values = query.getAll('dryRun').filter((value) => value !== '');
  return values.length > 0 && parseDryRun(values);
}
