/*
 * What the raft log needs of a disk: few enough operations that a simulated disk can have them all,
 * with the ways in which they fail.
 */

export interface DiskFile {
  readonly path: string;
  /** All of `bytes` at `at`; durable when it resolves if the file was opened so. */
  write(bytes: Uint8Array, at: number): Promise<void>;
  /** Makes durable what was written to this file, through whatever handle. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface OpenOptions {
  /** A new, empty file, in the place of one that is there; otherwise it must exist. */
  readonly create: boolean;
  /** Each write is synced before it resolves (O_DSYNC). */
  readonly durable: boolean;
}

/** Errors are those of node:fs: `code` is ENOSPC, EIO, ENOENT … */
export interface Disk {
  makeFolder(path: string): Promise<void>;
  open(path: string, options: OpenOptions): Promise<DiskFile>;
  /** Synchronous, since raft reads old entries so; fewer bytes at the end of the file. */
  read(path: string, at: number, length: number): Uint8Array;
  size(path: string): number;
  /** Names in the folder, sorted; none where there is no such folder. */
  list(folder: string): string[];
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Makes durable which names the folder has: after creating, renaming, removing. */
  syncFolder(path: string): Promise<void>;
}
