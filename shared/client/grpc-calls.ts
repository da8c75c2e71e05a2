import { type CallLimits, unary, type UnaryMethod } from '#shared/rpc';
import type { GrpcServer } from './grpc-servers.ts';
import type { ServerPool } from './server-pool.ts';

type Parts<Q, A> = Parameters<UnaryMethod<Q, A>>;

/** Unary calls on whichever server answers. */
export interface GrpcCalls {
  readonly pool: ServerPool<GrpcServer>;
  readonly limits: CallLimits;
  /** `repeatable`: may be sent again after a server may have carried it out; see server-pool.ts. */
  readonly ask: <Q, A>(
    repeatable: boolean,
    request: Q,
    method: (server: GrpcServer, ...parts: Parts<Q, A>) => ReturnType<UnaryMethod<Q, A>>,
    limits?: CallLimits,
  ) => Promise<A>;
}

/** `limits` are those of each call on each server that says nothing else. */
export function grpcCalls(pool: ServerPool<GrpcServer>, limits: CallLimits): GrpcCalls {
  return {
    pool,
    limits,
    ask: (repeatable, request, method, own = limits) =>
      pool.call(
        repeatable,
        (server) => unary((...parts) => method(server, ...parts), request, own),
        own.signal,
      ),
  };
}
