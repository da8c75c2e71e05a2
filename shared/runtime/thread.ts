import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * A thread that runs the module `name` beside the module at `from` (its `import.meta.url`): both are
 * .ts in a clone and .js in the package, where each such module is an entry of its own.
 */
export function startThread(from: string, name: string, options: WorkerOptions): Worker {
  const extension = from.endsWith('.ts') ? 'ts' : 'js';
  return new Worker(new URL(`./${name}.${extension}`, from), options);
}
