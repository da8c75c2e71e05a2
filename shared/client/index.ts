export type * from './api-client.ts';
export type * from './kv-client.ts';
export type * from './node-api.ts';
export type * from './pod-streams.ts';
export { type NodeUsage, readNodeUsage, type Usage } from './node-usage.ts';
export { podStreams } from './pod-streams.ts';
export { podsService, type PodsCaller, type PodsHost } from './pods-service.ts';
export type * from './table-client.ts';
export { type ComponentFlags, componentFlags } from './component-flags.ts';
export { runElected, type ElectedOptions } from './elector.ts';
export {
  createEventRecorder,
  type EventRecorder,
  type EventRecorderOptions,
  type EventType,
} from './event-recorder.ts';
export { fencedApi } from './fenced-api.ts';
export {
  createGrpcApiClient,
  type GrpcApiClient,
  type GrpcApiClientOptions,
} from './grpc-api-client.ts';
export { createGrpcKvClient, type GrpcKvClientOptions } from './grpc-kv-client.ts';
export {
  createInformer,
  type Informer,
  type InformerHandlers,
  type InformerOptions,
} from './informer.ts';
export { listAll } from './list-all.ts';
export type { Indexer, ObjectStore } from './object-store.ts';
export { repeatable } from './repeatable.ts';
export { createServerPool, type ServerPool } from './server-pool.ts';
export { timestamp } from './timestamp.ts';
export {
  createWorkQueue,
  type ReconcileResult,
  type WorkQueue,
  type WorkQueueOptions,
} from './work-queue.ts';
