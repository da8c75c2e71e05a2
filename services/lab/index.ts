export { matchers } from './matchers.ts';
export { type LabMode, startLab, type StartLabOptions } from './start-lab.ts';
export {
  type CommandResult,
  eventually,
  type Lab,
  type Load,
  type LoadOptions,
  lostWrites,
  type WriteRecord,
  Writer,
} from '#shared/lab';
export {
  type RecordedHistory,
  Recorder,
  kvWorkload,
  apiWorkload,
  encodeHistory,
} from '#shared/workload';
export { checkLinearizable, checkWatches, type History, timeline } from '#shared/checks';
export { createRng } from '#shared/base';
export { createGrpcApiClient, createGrpcKvClient, type KvClient } from '#shared/client';
export type { Fault, FaultSpec } from '#shared/faults';
