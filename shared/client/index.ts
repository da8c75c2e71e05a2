export type * from './api-client.ts';
export type * from './kv-client.ts';
export type * from './table-client.ts';
export {
  createGrpcApiClient,
  type GrpcApiClient,
  type GrpcApiClientOptions,
  type Heartbeat,
  type HeartbeatResult,
} from './grpc-api-client.ts';
export { createGrpcKvClient, type GrpcKvClientOptions } from './grpc-kv-client.ts';
