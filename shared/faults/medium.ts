import { QuorateError } from '#shared/base';
import type { Level, LevelOperation, Medium } from '#shared/storage';
import { faultyDisk } from './disk.ts';
import { beforeWrite, flipBit } from './disk-fate.ts';
import type { FaultPlane } from './plane.ts';

/** The same directory, with the disk faults of the plane between it and the disk. */
export function faultyMedium(medium: Medium, plane: FaultPlane): Medium {
  return {
    ...medium,
    disk: faultyDisk(medium.disk, plane),
    async openLevel(folder, options) {
      return faultyLevel(await medium.openLevel(folder, options), plane);
    },
  };
}

function faultyLevel(level: Level, plane: FaultPlane): Level {
  return {
    getSync: (key, options) => level.getSync(key, options),
    iterator: (options) => level.iterator(options),
    snapshot: () => level.snapshot(),
    compactRange: (low, high) => level.compactRange(low, high),
    close: () => level.close(),
    async batch(operations, options) {
      const { torn, flipped } = await beforeWrite(plane, 'backend');
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
