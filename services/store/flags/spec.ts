/** How a flag's text is read; the names are those of Go's flag package where it has one. */
export type FlagType = 'string' | 'boolean' | 'int' | 'uint' | 'duration' | 'urls';

/** Accepted and checked, but setting it changes nothing; or not accepted at all. */
export type Standing =
  | { readonly is: 'in force' }
  | { readonly is: 'without effect'; readonly why: string }
  | { readonly is: 'refused'; readonly why: string };

export interface FlagSpec {
  readonly type: FlagType;
  readonly default: string;
  readonly help: string;
  readonly standing: Standing;
  /** The words allowed, where only some are. */
  readonly choices?: readonly string[];
  /** Former names of it, which work as well. */
  readonly aliases: readonly string[];
}

export type FlagSpecs = Readonly<Record<string, FlagSpec>>;

export function flag(
  type: FlagType,
  fallback: string,
  help: string,
  more: Partial<FlagSpec> = {},
): FlagSpec {
  return { type, default: fallback, help, standing: { is: 'in force' }, aliases: [], ...more };
}

/** One that etcd has and that has nothing to act on here. */
export function idle(type: FlagType, fallback: string, why: string, more: Partial<FlagSpec> = {}) {
  return flag(type, fallback, why, { standing: { is: 'without effect', why }, ...more });
}

/** One whose promise cannot be kept, so that nobody may believe it is. */
export function refused(
  type: FlagType,
  fallback: string,
  why: string,
  more: Partial<FlagSpec> = {},
) {
  return flag(type, fallback, why, { standing: { is: 'refused', why }, ...more });
}
