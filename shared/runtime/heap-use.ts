import {
  constants,
  type PerformanceEntry,
  type NodeGCPerformanceDetail,
  PerformanceObserver,
} from 'node:perf_hooks';
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';

/** In bytes; `limit`: V8 ends the process there. */
export interface HeapUse {
  readonly used: number;
  readonly limit: number;
}

/** V8's limit has the young generation in it, where nothing stays: three of these where a size was given … */
const semiSpaceMib = 64;
/** … and about this part where V8 chose all (by the memory of the machine or container). */
const youngPart = 3 / 128;

/** What the last full collection left: what it would free does not count, however long V8 puts it off. */
let left = 0;
let observer: PerformanceObserver | undefined;

/** Of this process: what stays, as far as a full collection has shown it since this was called first. */
export function heapUse(): HeapUse {
  observer ??= observeCollections();
  return { used: left, limit: oldBytesMax(getHeapStatistics().heap_size_limit, nodeFlags()) };
}

/** Of V8's limit what is there for what stays. */
export function oldBytesMax(limit: number, flags: string): number {
  const semiSpace = /--max[-_]semi[-_]space[-_]size[= ](\d+)/.exec(flags)?.[1];
  const isGiven = semiSpace !== undefined || /--max[-_]old[-_]space[-_]size\b/.test(flags);
  const youngBytes = isGiven ? 3 * (Number(semiSpace ?? semiSpaceMib) << 20) : limit * youngPart;
  return limit - youngBytes;
}

const nodeFlags = (): string => [...process.execArgv, process.env['NODE_OPTIONS']].join(' ');

function observeCollections(): PerformanceObserver {
  const made = new PerformanceObserver((list) => {
    if (list.getEntries().some(isFull)) left = oldBytes();
  });
  made.observe({ entryTypes: ['gc'] });
  return made;
}

function isFull(entry: PerformanceEntry): boolean {
  const { detail } = entry as PerformanceEntry & { readonly detail: NodeGCPerformanceDetail };
  return detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR;
}

function oldBytes(): number {
  let used = 0;
  for (const { space_name, space_used_size } of getHeapSpaceStatistics()) {
    if (!space_name.startsWith('new_')) used += space_used_size;
  }
  return used;
}
