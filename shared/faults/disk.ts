import type { Disk, DiskFile } from '#shared/storage';
import { beforeWrite, flipBit } from './disk-fate.ts';
import type { FaultPlane } from './plane.ts';

/** What a disk writes whole or not at all. */
const sectorBytes = 512;

/** A write that was acknowledged and is in no file: a crash loses it. */
interface Held {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/**
 * The disk under the raft log with the faults of the plane. Where syncs are lost, what is written
 * stays in memory, seen by this process alone, until the fault is healed; a crash before that
 * loses it, as a machine's cache would be lost.
 */
export function faultyDisk(disk: Disk, plane: FaultPlane): Disk {
  plane.addDisk();
  const held = new Map<string, Held[]>();
  const files = new Map<string, DiskFile>();
  plane.onChange(() => {
    if (plane.disks('log').some(({ spec }) => spec.what === 'lose-sync')) return;
    for (const [path, writes] of held) void writeBack(path, writes);
    held.clear();
  });
  const writeBack = async (path: string, writes: readonly Held[]): Promise<void> => {
    const file = files.get(path) ?? (await disk.open(path, { create: false, durable: true }));
    for (const { at, bytes } of writes) await file.write(bytes, at);
  };
  const endOf = (path: string): number =>
    Math.max(0, ...(held.get(path) ?? []).map(({ at, bytes }) => at + bytes.length));

  const wrap = (file: DiskFile): DiskFile => ({
    path: file.path,
    async write(bytes, at) {
      const { lost, torn, flipped } = await beforeWrite(plane, 'log');
      if (torn) {
        const sectors = plane.rng.int(Math.ceil(bytes.length / sectorBytes));
        await file.write(bytes.subarray(0, sectors * sectorBytes), at);
        plane.crash(undefined);
        await new Promise(() => undefined);
      }
      const written = flipped ? flipBit(plane, bytes) : bytes;
      if (!lost) return file.write(written, at);
      const writes = held.get(file.path) ?? [];
      held.set(file.path, [...writes, { at, bytes: Uint8Array.from(written) }]);
    },
    async sync() {
      const { lost } = await beforeWrite(plane, 'log');
      if (!lost) await file.sync();
    },
    async close() {
      files.delete(file.path);
      await file.close();
    },
  });

  return {
    makeFolder: (path) => disk.makeFolder(path),
    async open(path, options) {
      if (options.create) held.delete(path);
      const file = await disk.open(path, options);
      files.set(path, file);
      return wrap(file);
    },
    read(path, at, length) {
      const writes = held.get(path);
      const base = disk.read(path, at, length);
      return writes ? overlaid(base, writes, at, Math.min(length, endOf(path) - at)) : base;
    },
    size: (path) => Math.max(disk.size(path), endOf(path)),
    list: (folder) => disk.list(folder),
    async rename(from, to) {
      await disk.rename(from, to);
      const writes = held.get(from);
      held.delete(from);
      held.delete(to);
      if (writes) held.set(to, writes);
    },
    async remove(path) {
      held.delete(path);
      await disk.remove(path);
    },
    syncFolder: (path) => disk.syncFolder(path),
  };
}

function overlaid(
  base: Uint8Array,
  writes: readonly Held[],
  from: number,
  length: number,
): Uint8Array {
  const result = new Uint8Array(Math.max(base.length, length, 0));
  result.set(base);
  for (const { at, bytes } of writes) {
    const start = Math.max(at, from);
    const end = Math.min(at + bytes.length, from + result.length);
    if (start < end) result.set(bytes.subarray(start - at, end - at), start - from);
  }
  return result;
}
