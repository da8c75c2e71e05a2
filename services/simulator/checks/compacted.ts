import { BrokenPromise } from '#shared/checks';
import { allRevisions, type Backend, decodeRevisionKey } from '#shared/mvcc';
import type { StateLog } from './state-log.ts';

interface Change {
  readonly revision: number;
  readonly deleted: boolean;
}

/** When a compaction is done, just that is left which can still be read or watched. */
export class Compacted {
  readonly #log: StateLog;
  readonly #changes = new Map<string, Change[]>();
  #taken = 0;

  constructor(log: StateLog) {
    this.#log = log;
  }

  /** `revision`: of the member, whose compaction up to `compacted` is done. */
  done(member: string, backend: Backend, revision: number, compacted: number): void {
    this.#catchUp();
    const expected = new Map<number, number>();
    for (const changes of this.#changes.values()) {
      for (const each of left(changes, revision, compacted)) {
        expected.set(each.revision, (expected.get(each.revision) ?? 0) + 1);
      }
    }
    const wrong = (at: number, there: number, right: number): BrokenPromise =>
      new BrokenPromise(
        `${member} has compacted ${compacted} and holds ${there} changes of revision ${at}, not ${right}`,
      );
    const actual = new Map<number, number>();
    for (const [key] of backend.scan(...allRevisions)) {
      const { main } = decodeRevisionKey(key);
      actual.set(main, (actual.get(main) ?? 0) + 1);
    }
    for (const [at, count] of actual) {
      const right = expected.get(at) ?? 0;
      if (count !== right) throw wrong(at, count, right);
    }
    for (const [at, right] of expected) if (!actual.has(at)) throw wrong(at, 0, right);
  }

  #catchUp(): void {
    const { entries } = this.#log;
    for (; this.#taken < entries.length; this.#taken++) {
      for (const { type, kv } of entries[this.#taken]?.events ?? []) {
        const changes = this.#changes.get(kv.key) ?? [];
        this.#changes.set(kv.key, changes);
        changes.push({ revision: kv.modRevision, deleted: type === 'delete' });
      }
    }
  }
}

/** Of one key: what is not older than the compaction, and what it found there if it has not changed that. */
function left(changes: readonly Change[], revision: number, compacted: number): readonly Change[] {
  const made = changes.filter((each) => each.revision <= revision);
  const since = made.filter((each) => each.revision >= compacted);
  const before = made.at(-1 - since.length);
  if (!before || before.deleted || since[0]?.revision === compacted) return since;
  return [before, ...since];
}
