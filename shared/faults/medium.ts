import { QuorateError } from '#shared/base';
import type { Level, LevelOperation, Medium } from '#shared/storage';
import type { FaultPlane } from './plane.ts';

/** An error of the operating system, as the code above the disk knows them. */
export function diskError(code: 'EIO' | 'ENOSPC'): Error {
  const text = code === 'EIO' ? 'i/o error' : 'no space left on device';
  return Object.assign(new Error(`${code}: ${text}, write`), { code });
}

/** What the plane wants done to one write. */
export interface WriteFate {
  /** Write nothing, and say that it was written. */
  readonly lost: boolean;
  /** Write a part, and crash. */
  readonly torn: boolean;
  /** Change one bit. */
  readonly flipped: boolean;
}

/** Stalls, fails, or says what is to become of the write. */
export async function beforeWrite(
  plane: FaultPlane,
  target: 'log' | 'backend',
): Promise<WriteFate> {
  const fate = { lost: false, torn: false, flipped: false };
  for (const fault of plane.disks(target)) {
    const { what, ms, probability } = fault.spec;
    if (probability < 1 && plane.rng.next() >= probability) continue;
    fault.hits++;
    if (what === 'stall') await plane.clock.sleep(ms);
    if (what === 'error') throw diskError('EIO');
    if (what === 'full') throw diskError('ENOSPC');
    if (what === 'lose-sync') fate.lost = true;
    if (what === 'torn-write') fate.torn = true;
    if (what === 'bit-flip') fate.flipped = true;
  }
  return fate;
}

/** `bytes` with one bit changed, anywhere. */
export function flipBit(plane: FaultPlane, bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) return bytes;
  const copy = Uint8Array.from(bytes);
  const at = plane.rng.int(copy.length);
  copy[at] = (copy[at] ?? 0) ^ (1 << plane.rng.int(8));
  return copy;
}

/** The same directory, with the disk faults of the plane between it and the disk. */
export function faultyMedium(medium: Medium, plane: FaultPlane): Medium {
  return {
    ...medium,
    async openLevel(folder, options) {
      const level = await medium.openLevel(folder, options);
      return faultyLevel(level, plane, /\/log\/?$/.test(folder) ? 'log' : 'backend');
    },
  };
}

function faultyLevel(level: Level, plane: FaultPlane, target: 'log' | 'backend'): Level {
  return {
    getSync: (key, options) => level.getSync(key, options),
    iterator: (options) => level.iterator(options),
    snapshot: () => level.snapshot(),
    compactRange: (low, high) => level.compactRange(low, high),
    close: () => level.close(),
    async batch(operations, options) {
      const { torn, flipped } = await beforeWrite(plane, target);
      if (torn) {
        // LevelDB's own log makes a batch whole or nothing.
        plane.crash(undefined);
        throw new QuorateError('unavailable', 'torn write');
      }
      const damaged = flipped ? damageOne(operations, plane) : operations;
      await level.batch(damaged, options);
    },
  };
}

function damageOne(operations: readonly LevelOperation[], plane: FaultPlane): LevelOperation[] {
  const at = plane.rng.int(operations.length);
  return operations.map((operation, i) =>
    i === at && operation.type === 'put'
      ? { ...operation, value: flipBit(plane, operation.value) }
      : operation,
  );
}
