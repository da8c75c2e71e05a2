export type { Disk, DiskFile, OpenOptions } from './disk.ts';
export { DataDir, type StagedSnapshot } from './data-dir.ts';
export type { AppliedState } from './applied-state.ts';
export { backendChunks } from './backend-chunks.ts';
export { type BackendSnapshot, KvBackend } from './kv-backend.ts';
export { type LogSizes, type LogWrite, RaftLog } from './raft-log.ts';
export { SimDisk } from './sim-disk.ts';
export type { Level, LevelOperation, LevelOptions } from './level.ts';
export { type Medium, systemMedium } from './medium.ts';
