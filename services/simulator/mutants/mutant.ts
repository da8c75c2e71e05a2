import type { Layers } from '../layers.ts';

/** One place of the code, and the bug that takes it. `file`: its path without extension. */
export interface Patch {
  readonly file: string;
  /** Free of types, which the build takes out. */
  readonly find: string;
  readonly replace: string;
}

/** A known way to get it wrong. */
export interface Mutant {
  readonly name: string;
  /** What is wrong, for people. */
  readonly story: string;
  /** What it takes to find it; absent: the store alone. */
  readonly layers?: Layers | undefined;
  /** Not found so far, and what it would take: it is hunted where it is named, and only there. */
  readonly blindSpot?: string | undefined;
  readonly patches: readonly Patch[];
}
