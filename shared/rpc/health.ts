import type { ServiceDefinition } from '@grpc/grpc-js';
import { QuorateError } from '#shared/base';
import type { HealthHandlers } from './gen/grpc/health/v1/Health.ts';
import type { ProtoGrpcType } from './gen/health.ts';
import { loadProto } from './load.ts';
import { handleUnary } from './server.ts';

/**
 * The gRPC health service of a server that serves whenever it answers: its own name is empty, as
 * in etcd, and there are no others.
 */
export function healthService(): { definition: ServiceDefinition; handlers: HealthHandlers } {
  const { Health } = loadProto<ProtoGrpcType>('grpc/health.proto').grpc.health.v1;
  const handlers: HealthHandlers = {
    Check: handleUnary(({ service }) =>
      service === ''
        ? Promise.resolve({ status: 'SERVING' as const })
        : Promise.reject(new QuorateError('not-found', 'unknown service')),
    ),
    // Nothing changes until the server is gone.
    Watch: (call) => {
      call.write({ status: call.request.service === '' ? 'SERVING' : 'SERVICE_UNKNOWN' });
    },
  };
  return { definition: Health.service, handlers };
}
