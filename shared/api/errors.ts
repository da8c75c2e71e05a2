import { type ErrorDetails, errorCodes, type FieldCause, QuorateError } from '#shared/base';
import { firstFew, maxListed } from './causes.ts';
import { qualifiedKind, qualifiedResource } from './resource.ts';
import type { Status } from './types.ts';

type Collection = { readonly group: string; readonly resource: string };
type Kind = { readonly group: string; readonly kind: string };

const about = (ref: Collection, name: string): { details: ErrorDetails } => ({
  details: { group: ref.group, kind: ref.resource, name },
});

/** The wording of Kubernetes' apimachinery api/errors, which people and programs match on. */
export const notFound = (ref: Collection, name: string): QuorateError =>
  new QuorateError('not-found', `${qualifiedResource(ref)} "${name}" not found`, about(ref, name));

export const alreadyExists = (ref: Collection, name: string): QuorateError =>
  new QuorateError(
    'already-exists',
    `${qualifiedResource(ref)} "${name}" already exists`,
    about(ref, name),
  );

export const staleObject =
  'the object has been modified; please apply your changes to the latest version and try again';

export const conflict = (ref: Collection, name: string, why = staleObject): QuorateError =>
  new QuorateError(
    'conflict',
    `Operation cannot be fulfilled on ${qualifiedResource(ref)} "${name}": ${why}`,
    about(ref, name),
  );

export const forbiddenTo = (ref: Collection, name: string, why: string): QuorateError =>
  new QuorateError(
    'forbidden',
    name === ''
      ? `${qualifiedResource(ref)} is forbidden: ${why}`
      : `${qualifiedResource(ref)} "${name}" is forbidden: ${why}`,
    about(ref, name),
  );

export function invalid(kind: Kind, name: string, causes: readonly FieldCause[]): QuorateError {
  const [first] = causes;
  const said = firstFew(causes.map((cause) => `${cause.field}: ${cause.message}`));
  const list = causes.length === 1 && first ? said.join('') : `[${said.join(', ')}]`;
  return new QuorateError('invalid', `${qualifiedKind(kind)} "${name}" is invalid: ${list}`, {
    details: { group: kind.group, kind: kind.kind, name, causes: causes.slice(0, maxListed) },
  });
}

export const badRequest = (message: string): QuorateError =>
  new QuorateError('bad-request', message);

/** A watch or a page that starts before what the store still has. */
export const expired = (message: string): QuorateError => new QuorateError('expired', message);

export const methodNotSupported = (ref: Collection, verb: string): QuorateError =>
  new QuorateError(
    'unimplemented',
    `${verb} is not supported on resources of kind "${qualifiedResource(ref)}"`,
    about(ref, ''),
  );

export const requestTooLarge = (message: string): QuorateError =>
  new QuorateError('too-large', message);

/** The Status object that says an error in the Kubernetes API. */
export function statusFor(error: QuorateError): Status {
  const { http, reason } = errorCodes[error.code];
  const { name, group, kind, causes, retryAfterSeconds } = error.details;
  const details = {
    ...(name && { name }),
    ...(group && { group }),
    ...(kind && { kind }),
    ...(causes && { causes: causes.map((cause) => ({ ...cause })) }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  };
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: error.message,
    reason,
    ...(Object.keys(details).length > 0 && { details }),
    code: http,
  };
}
