import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** With more in use, looking through it all would hold the process up for longer than it is worth. */
const usedBytesMax = 64 << 20;

/**
 * Gives back the memory that loading modules took: without much to do, V8 would keep a third of its heap
 * for nothing. To be called before anybody waits for this process: it takes some tens of milliseconds.
 */
export function dropStartUpGarbage(most = usedBytesMax): void {
  if (getHeapStatistics().used_heap_size > most) return;
  // The flag has contexts made from now on know a function that collects.
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (how: Readonly<Record<string, string>>) => void;
  setFlagsFromString('--no-expose-gc');
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
