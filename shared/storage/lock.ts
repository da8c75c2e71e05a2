import { join } from 'node:path';
import { messageOf, QuorateError } from '#shared/base';
import type { Level } from './level.ts';
import type { Medium } from './medium.ts';

/**
 * A directory is one process's at a time. LevelDB has the one lock here that goes with its process,
 * however that ends, so an empty database keeps it.
 */
export async function lockFolder(path: string, medium: Medium): Promise<Level> {
  const folder = join(path, 'lock');
  try {
    return await medium.openLevel(folder, { cacheSize: 0, writeBufferSize: 64 << 10 });
  } catch (thrown) {
    if (!QuorateError.is(thrown, 'data-loss')) throw thrown;
    // Not mended here: two processes that do so at once would both hold it.
    const { cause } = (thrown.cause ?? {}) as { readonly cause?: unknown };
    const text = `${folder}, which holds no data, is damaged (${messageOf(cause ?? thrown)}): see that no process uses ${path}, remove the folder, and start again`;
    throw new QuorateError('data-loss', text, { cause: thrown });
  }
}
