import type { RecordId } from './records.ts';

/** Revisions whose records are deleted together. */
const togetherRevisions = 64;

/**
 * Records that a compaction has dropped and that are yet to be deleted. It finds them key by key; they are handed
 * out neighbours together, since a backend may have to write anew what a deleted record lies among.
 */
export class DroppedRecords {
  /** By revision divided by `togetherRevisions`: pairs (main, sub), the sub of a tombstone as its complement. */
  readonly #groups = new Map<number, number[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add({ main, sub, tombstone }: RecordId): void {
    const at = Math.floor(main / togetherRevisions);
    const group = this.#groups.get(at);
    const signed = tombstone ? ~sub : sub;
    if (group) group.push(main, signed);
    else this.#groups.set(at, [main, signed]);
    this.#size++;
  }

  /** Some that are near to each other; none is left where these are none. */
  take(): RecordId[] {
    for (const [at, group] of this.#groups) {
      this.#groups.delete(at);
      this.#size -= group.length / 2;
      return recordsIn(group);
    }
    return [];
  }
}

function recordsIn(group: readonly number[]): RecordId[] {
  const records: RecordId[] = [];
  for (let i = 0; i < group.length; i += 2) {
    const sub = group[i + 1] as number;
    records.push({ main: group[i] as number, sub: sub < 0 ? ~sub : sub, tombstone: sub < 0 });
  }
  return records;
}
