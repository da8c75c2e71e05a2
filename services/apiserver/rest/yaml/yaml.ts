import { badRequest } from '#shared/api';
import { QuorateError } from '#shared/base';
import { startThread } from '#shared/runtime';
import type { Yaml } from './read-yaml.ts';

/** Longer ones are read in a thread of their own: the library takes seconds for a megabyte of them. */
const longBytes = 64 * 1024;

/** Memory of that thread, in MiB: some hundred times what a request may send. */
const maxHeapMb = 1024;

/** One after the other: a second processor is all that long documents get. */
let queue: Promise<unknown> = Promise.resolve();

/** One YAML document. Throws `bad-request`, and `canceled` when the signal aborts. */
export async function parseYaml(text: string, signal: AbortSignal): Promise<Yaml> {
  try {
    if (text.length <= longBytes) {
      const { readYaml } = await import('./read-yaml.ts');
      return readYaml(text);
    }
    const read = queue.then(() => inThread(text, signal));
    queue = read.catch(() => undefined);
    return await read;
  } catch (thrown) {
    if (QuorateError.is(thrown, 'canceled')) throw thrown;
    throw badRequest(`error decoding YAML: ${(thrown as Error).message}`);
  }
}

async function inThread(text: string, signal: AbortSignal): Promise<Yaml> {
  if (signal.aborted) throw left();
  const worker = startThread(import.meta.url, 'yaml-worker', {
    workerData: text,
    resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
  });
  try {
    return await new Promise<Yaml>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      signal.addEventListener('abort', () => reject(left()), { once: true });
    });
  } finally {
    await worker.terminate();
  }
}

const left = (): QuorateError => new QuorateError('canceled', 'the client has left');
