import type { Pod } from '#shared/api';

/** Where a pod of an Indexed Job says which one it is. */
export const indexKey = 'batch.kubernetes.io/job-completion-index';

export function indexOf({ metadata }: Pod): number | undefined {
  const text = metadata?.annotations?.[indexKey];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** `1,3-5,7` from a set of numbers. */
export function formatIndexes(indexes: Iterable<number>): string {
  const sorted = [...indexes].sort((a, b) => a - b);
  const ranges: [first: number, last: number][] = [];
  for (const index of sorted) {
    const range = ranges.at(-1);
    if (range && range[1] === index - 1) range[1] = index;
    else ranges.push([index, index]);
  }
  return ranges
    .map(([first, last]) => {
      if (first === last) return String(first);
      return last === first + 1 ? `${first},${last}` : `${first}-${last}`;
    })
    .join(',');
}

/** The numbers of `1,3-5,7`. */
export function indexesOf(text: string | undefined): number[] {
  return (text ?? '').split(',').flatMap((part) => {
    const [first = Number.NaN, last = first] = part.split('-').map(Number);
    if (part === '' || !Number.isInteger(first) || !Number.isInteger(last)) return [];
    return Array.from({ length: Math.max(last - first + 1, 0) }, (_, i) => first + i);
  });
}
