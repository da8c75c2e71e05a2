import type { ConfState } from '#shared/raft';

/** What one batch covers: everything up to `index` is in the data, nothing beyond it. */
export interface AppliedState {
  readonly index: number;
  readonly term: number;
  readonly confState: ConfState;
}

/** What is stored with it: the last command applied of each proposer, and what the rows should be. */
export interface AppliedRecord {
  readonly applied: AppliedState;
  readonly sequences: Map<number, number>;
  /** Undefined where an earlier version wrote it, which kept less. */
  readonly check: RowsCheck | undefined;
}

/** What says whether the rows on disk are those that were written last; but for the one it stands in. */
export interface RowsCheck {
  readonly count: number;
  /** Of their seals. */
  readonly digest: number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const appliedKey: Uint8Array = encoder.encode('m/applied');

export function encodeApplied(
  { index, term, confState }: AppliedState,
  sequences: ReadonlyMap<number, number>,
  rows: RowsCheck,
): Uint8Array {
  return encoder.encode(
    JSON.stringify({ index, term, confState, sequences: [...sequences], rows }),
  );
}

export function decodeApplied(bytes: Uint8Array | undefined): AppliedRecord {
  const noRows = { count: 0, digest: 0 };
  if (!bytes) return { applied: nothingApplied, sequences: new Map(), check: noRows };
  const { index, term, confState, sequences, rows } = JSON.parse(
    decoder.decode(bytes),
  ) as AppliedState & {
    sequences: [number, number][];
    rows?: RowsCheck;
  };
  return { applied: { index, term, confState }, sequences: new Map(sequences), check: rows };
}

export const nothingApplied: AppliedState = {
  index: 0,
  term: 0,
  confState: { voters: [], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false },
};
