import type { handleUnaryCall } from '@grpc/grpc-js';
import { QuorateError } from '#shared/base';
import { handleUnary } from '#shared/rpc';

/** A method of the contract that this version does not have. */
export function unimplemented<Req, Res>(name: string): handleUnaryCall<Req, Res> {
  return handleUnary<Req, Res>(() =>
    Promise.reject(
      new QuorateError('unimplemented', `etcdserver: ${name} is not supported by this store yet`),
    ),
  );
}
