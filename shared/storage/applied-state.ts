import type { ConfState } from '#shared/raft';

/** What one batch covers: everything up to `index` is in the data, nothing beyond it. */
export interface AppliedState {
  readonly index: number;
  readonly term: number;
  readonly confState: ConfState;
}

/** What is stored with it: the last command applied of each proposer, and what the keys should be. */
export interface AppliedRecord {
  readonly applied: AppliedState;
  readonly sequences: Map<number, number>;
  readonly check: KeysCheck;
}

/** What says whether the keys on disk are those that were written. */
export interface KeysCheck {
  readonly count: number;
  readonly digest: number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const appliedName = 'm/applied';
export const appliedKey: Uint8Array = encoder.encode(appliedName);

export function encodeApplied(
  { index, term, confState }: AppliedState,
  sequences: ReadonlyMap<number, number>,
  keys: KeysCheck,
): Uint8Array {
  return encoder.encode(
    JSON.stringify({ index, term, confState, sequences: [...sequences], keys }),
  );
}

export function decodeApplied(bytes: Uint8Array | undefined): AppliedRecord {
  const noKeys = { count: 0, digest: 0 };
  if (!bytes) return { applied: nothingApplied, sequences: new Map(), check: noKeys };
  const { sequences, keys, ...applied } = JSON.parse(decoder.decode(bytes)) as AppliedState & {
    sequences: [number, number][];
    keys: KeysCheck;
  };
  return { applied, sequences: new Map(sequences), check: keys };
}

export const nothingApplied: AppliedState = {
  index: 0,
  term: 0,
  confState: { voters: [], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false },
};
