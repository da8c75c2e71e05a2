import { QuorateError } from '#shared/base';
import { badRequest } from '#shared/api';

/** Throws `bad-request` for what is not a revision. */
export function parseResourceVersion(text: string): number {
  const revision = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(revision)) {
    throw badRequest(`resourceVersion: Invalid value: ${JSON.stringify(text)}: must be a revision`);
  }
  return revision;
}

/** A state that the store has not reached yet: clients know this cause and try again. */
export function tooLargeVersion(wanted: number, current?: number): QuorateError {
  const known = current === undefined ? '' : `, current: ${current}`;
  return new QuorateError(
    'deadline-exceeded',
    `Timeout: Too large resource version: ${wanted}${known}`,
    {
      details: {
        retryAfterSeconds: 1,
        causes: [
          { field: '', reason: 'ResourceVersionTooLarge', message: 'Too large resource version' },
        ],
      },
    },
  );
}
