export { decodeConfChange, encodeConfChange } from './conf-change-codec.ts';
export type { RaftConfig } from './config.ts';
export type { ProposeResult } from './propose.ts';
export { Raft } from './raft.ts';
export type { ProgressState, ProgressStatus, RaftStatus } from './status.ts';
export type * from './types.ts';
export { noNode } from './types.ts';
