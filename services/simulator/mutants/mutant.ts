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
  readonly patches: readonly Patch[];
}
