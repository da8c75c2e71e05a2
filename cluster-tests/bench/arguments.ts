/** What a flag says; throws where that is no whole number above 0. */
export function countOf(flag: string, text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : 0;
  if (count > 0 && Number.isSafeInteger(count)) return count;
  throw new Error(`--${flag} takes a whole number above 0, not "${text}"`);
}

const usualSizes = [10_000, 100_000, 1_000_000];

/** How many keys there are each time that is measured, up to `keys`. */
export function sizesUpTo(keys: number): number[] {
  return [...usualSizes.filter((size) => size < keys), keys];
}
