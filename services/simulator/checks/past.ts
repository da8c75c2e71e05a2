import { inRange, type KnownKv } from '#shared/checks';
import { known } from '../clients/recorder.ts';
import type { StateLog } from './state-log.ts';

interface Version {
  readonly revision: number;
  /** Undefined: deleted. */
  readonly kv: KnownKv | undefined;
}

/** What every key was at every revision, by the replicated log. */
export class Past {
  readonly #history = new Map<string, Version[]>();
  readonly #log: StateLog;

  constructor(log: StateLog) {
    this.#log = log;
    for (const { revision, events } of log.entries) {
      for (const { type, kv } of events) {
        const versions = this.#history.get(kv.key) ?? [];
        this.#history.set(kv.key, versions);
        versions.push({ revision, kv: type === 'put' ? known(kv) : undefined });
      }
    }
  }

  /** Undefined: it was not there. */
  keyAt(key: string, revision: number): KnownKv | undefined {
    return versionAt(this.#history.get(key) ?? [], revision)?.kv;
  }

  /** In the order of their keys. */
  rangeAt(key: string, rangeEnd: string | undefined, revision: number): KnownKv[] {
    const there: KnownKv[] = [];
    for (const [each, versions] of this.#history) {
      if (!inRange(each, key, rangeEnd)) continue;
      const kv = versionAt(versions, revision)?.kv;
      if (kv) there.push(kv);
    }
    return there.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** The newest that somebody had applied by then. */
  revisionAt(atMs: number): number {
    const { entries } = this.#log;
    let [from, to] = [0, entries.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((entries[middle]?.atMs ?? Infinity) <= atMs) from = middle + 1;
      else to = middle;
    }
    return entries[from - 1]?.revision ?? 1;
  }
}

/** The last that is not newer than `revision`. */
function versionAt(versions: readonly Version[], revision: number): Version | undefined {
  let [from, to] = [0, versions.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((versions[middle]?.revision ?? Infinity) <= revision) from = middle + 1;
    else to = middle;
  }
  return versions[from - 1];
}
