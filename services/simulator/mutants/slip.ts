import type { Mutant } from './mutant.ts';

type Place = readonly [file: string, find: string, replace: string];

/** A mutant of the store that changes one place. */
export const slip = (name: string, story: string, ...[file, find, replace]: Place): Mutant => ({
  name,
  story,
  patches: [{ file, find, replace }],
});

/** One of what stands above the store. */
export const slipAbove = (name: string, story: string, ...place: Place): Mutant => ({
  ...slip(name, story, ...place),
  layers: 'cluster',
});

/** One that nothing has found so far. */
export const unseen = (blindSpot: string, mutant: Mutant): Mutant => ({ ...mutant, blindSpot });
