import type { MethodDefinition } from '@grpc/grpc-js';
import { QuorateError } from '#shared/base';

/** A method of a server with codecs written by hand in place of protobufjs'. */
export function withCodec<Req, Res>(
  method: Pick<MethodDefinition<unknown, unknown>, 'path' | 'requestStream' | 'responseStream'>,
  requestDeserialize: (bytes: Buffer) => Req,
  responseSerialize: (response: Res) => Buffer,
): MethodDefinition<Req, Res> {
  return {
    ...method,
    requestSerialize: unused,
    requestDeserialize,
    responseSerialize,
    responseDeserialize: unused,
  };
}

function unused(): never {
  throw new QuorateError('internal', 'a server neither writes requests nor reads responses');
}
