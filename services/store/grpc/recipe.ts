import type { ServerUnaryCall } from '@grpc/grpc-js';
import { QuorateError } from '#shared/base';
import { handleUnary } from '#shared/rpc';
import type { RecipeParts } from '../recipes/session.ts';
import type { Identified } from './callers.ts';
import { type Gate, gated } from './gate.ts';

/** What a recipe works with on behalf of a call. */
export type PartsFor = (call: Identified) => RecipeParts;

/**
 * A method of the lock or election service, which may wait for long: `signal` aborts when the
 * client has gone, and who calls is asked anew for each of its steps. Its errors are `unknown`, whatever
 * they are, as those of etcd's services: only that nothing can be served now keeps its code, because
 * clients go to another member then.
 */
export function recipe<Req, Res>(
  gate: Gate,
  partsFor: PartsFor,
  fn: (request: Req, parts: RecipeParts, signal: AbortSignal) => Promise<Res>,
): ReturnType<typeof handleUnary<Req, Res>> {
  const waiting = async (request: Req, call: ServerUnaryCall<Req, Res>): Promise<Res> => {
    const gone = new AbortController();
    call.on('cancelled', () => gone.abort(new QuorateError('canceled', 'context canceled')));
    try {
      return await fn(request, partsFor(call), gone.signal);
    } catch (thrown) {
      throw asUnknown(thrown);
    }
  };
  return handleUnary<Req, Res>((request, call) =>
    gated<Req, Res>(gate, () => waiting(request, call))(request, call),
  );
}

export function asUnknown(thrown: unknown): QuorateError {
  const error = QuorateError.from(thrown);
  if (error.code === 'unavailable' || error.code === 'internal') return error;
  return new QuorateError('unknown', error.message, { cause: error });
}
