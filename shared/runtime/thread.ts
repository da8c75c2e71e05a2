import { Worker, type WorkerOptions } from 'node:worker_threads';

/**
 * A thread that runs the module `name` beside the module at `from` (its `import.meta.url`): both are
 * .ts in a clone and .js in the package, where each such module is an entry of its own.
 */
export function startThread(from: string, name: string, options: WorkerOptions): Worker {
  const extension = from.endsWith('.ts') ? 'ts' : 'js';
  const url = new URL(`./${name}.${extension}`, from);
  return new Worker(url, { ...ownFlags(process.execArgv), ...options });
}

/**
 * A thread takes over the flags of its process, and refuses a file where the process was told what its text is. Only
 * then it is given flags of its own: those of V8 may not be among them.
 */
function ownFlags(given: readonly string[]): Pick<WorkerOptions, 'execArgv'> {
  if (!given.some((flag) => flag.startsWith('--input-type'))) return {};
  return { execArgv: given.filter((flag) => flag.startsWith('--conditions=')) };
}
