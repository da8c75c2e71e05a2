import { badRequest, invalid } from '#shared/api';
import type { FieldCause, QuorateError } from '#shared/base';
import type { DeleteOptions } from '#shared/client';

const propagations = {
  Background: 'background',
  Foreground: 'foreground',
  Orphan: 'orphan',
} as const;

/** meta.k8s.io/v1 DeleteOptions as a request's body carries it. Throws `bad-request` or `invalid`. */
export function parseDeleteOptions(body: unknown): DeleteOptions {
  if (body === undefined || body === null) return {};
  if (typeof body !== 'object' || Array.isArray(body)) {
    throw badRequest('DeleteOptions must be a JSON object');
  }
  const given = body as Record<string, unknown>;
  const { uid, resourceVersion } = (given['preconditions'] ?? {}) as Record<string, unknown>;
  const grace = given['gracePeriodSeconds'];
  const orphan = given['orphanDependents'];
  const policy = given['propagationPolicy'];
  if (isSet(policy) && isSet(orphan)) {
    throw invalidPolicy({
      message: `Invalid value: ${JSON.stringify(policy)}: orphanDependents and deletionPropagation cannot be both set`,
      reason: 'FieldValueInvalid',
    });
  }
  const propagation = isSet(policy)
    ? parsePropagation(policy)
    : isSet(orphan)
      ? orphan === true
        ? 'orphan'
        : 'background'
      : undefined;
  return {
    ...(propagation && { propagation }),
    ...(isSet(grace) && { gracePeriodSeconds: parseSeconds(grace) }),
    ...(typeof uid === 'string' && { uid }),
    ...(typeof resourceVersion === 'string' && { resourceVersion }),
    ...(isSet(given['dryRun']) && { dryRun: parseDryRun(given['dryRun']) }),
  };
}

export function parsePropagation(policy: unknown): DeleteOptions['propagation'] {
  if (typeof policy !== 'string') {
    throw badRequest(
      `propagationPolicy: Invalid value: ${JSON.stringify(policy)}: must be a string`,
    );
  }
  if (Object.hasOwn(propagations, policy)) return propagations[policy as keyof typeof propagations];
  // Kubernetes' list, in its order.
  const supported = '"Foreground", "Background", "Orphan", "nil"';
  throw invalidPolicy({
    message: `Unsupported value: ${JSON.stringify(policy)}: supported values: ${supported}`,
    reason: 'FieldValueNotSupported',
  });
}

const invalidPolicy = (cause: Omit<FieldCause, 'field'>): QuorateError =>
  invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', [
    { ...cause, field: 'propagationPolicy' },
  ]);

/** `dryRun` is a list whose only value is `All`. */
export function parseDryRun(values: unknown): boolean {
  const list = Array.isArray(values) ? values : [values];
  const other = list.find((value) => value !== 'All');
  if (other === undefined) return list.length > 0;
  throw badRequest(`dryRun: Unsupported value: ${JSON.stringify(other)}: supported values: "All"`);
}

function parseSeconds(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw badRequest(
    `gracePeriodSeconds: Invalid value: ${JSON.stringify(value)}: must be an integer`,
  );
}

const isSet = (value: unknown): boolean => value !== undefined && value !== null;
