import { QuorateError } from '#shared/base';

/** For `.catch`: what is gone already is as good as deleted, or was not there. Anything else is thrown on. */
export function unlessNotFound(thrown: unknown): undefined {
  if (!QuorateError.is(thrown, 'not-found')) throw thrown;
  return undefined;
}
