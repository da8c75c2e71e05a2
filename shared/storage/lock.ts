import { join } from 'node:path';
import type { Level } from './level.ts';
import type { Medium } from './medium.ts';

/**
 * A directory is one process's at a time. LevelDB has the one lock here that goes with its process,
 * however that ends, so an empty database keeps it.
 */
export function lockFolder(path: string, medium: Medium): Promise<Level> {
  return medium.openLevel(join(path, 'lock'), { cacheSize: 0, writeBufferSize: 64 << 10 });
}
