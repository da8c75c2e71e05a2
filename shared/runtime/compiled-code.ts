import { enableCompileCache } from 'node:module';

/** As the command does: the parts' code is megabytes, and the next process finds it compiled. */
export function keepCompiledCode(): void {
  // Node.js counts less exactly what comes from the cache.
  if (process.env['NODE_V8_COVERAGE'] === undefined) enableCompileCache();
}
