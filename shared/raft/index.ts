export { decodeConfChange, encodeConfChange } from './conf-change-codec.ts';
export type { RaftConfig } from './config.ts';
export type { ProgressState } from './progress.ts';
export type { ProposeResult } from './propose.ts';
export { Raft } from './raft.ts';
export type { ProgressStatus, RaftStatus } from './status.ts';
export type * from './types.ts';
export { noNode } from './types.ts';
