import type { Clock } from '#shared/clock';
import type { Ready } from '#shared/raft';
import type { MemberLog } from './storage.ts';

export interface LogWritesParts {
  readonly log: MemberLog;
  readonly clock: Clock;
  /** How long the disk took, each time it was waited for. */
  readonly took: ((ms: number) => void) | undefined;
  /** Puts the snapshot of a Ready, which ends at `index`, and then its entries in the place of everything. */
  readonly install: (ready: Ready, index: number) => Promise<void>;
  /** In the order they were taken; at once where nothing had to be written. */
  readonly durable: (readies: readonly Ready[]) => void;
  /** A write has ended, and what it made durable was told: another one may begin. */
  readonly ended: (tell: () => void) => void;
  readonly failed: (thrown: unknown) => void;
}

/** Readys on their way to the log: one synced write at a time, which takes all that waits for it. */
export class LogWrites {
  readonly #parts: LogWritesParts;
  #waiting: Ready[] = [];
  #underWay = false;

  constructor(parts: LogWritesParts) {
    this.#parts = parts;
  }

  get underWay(): boolean {
    return this.#underWay;
  }

  add(ready: Ready): void {
    this.#waiting.push(ready);
  }

  /** Starts the next write with everything that waits, unless one is under way. */
  next(): void {
    if (this.#underWay || this.#waiting.length === 0) return;
    const { log, clock, took, durable, ended, failed } = this.#parts;
    const readies = this.#waiting;
    this.#waiting = [];
    const writes = readies.filter((ready) => ready.hardState || ready.entries.length > 0);
    const snapshot = readies.some((ready) => ready.snapshot);
    if (writes.length === 0 && !snapshot) {
      durable(readies);
      return;
    }
    this.#underWay = true;
    const startedMs = clock.monotonic();
    const done = snapshot ? this.#aroundSnapshot(readies) : log.write(writes);
    done.then((wrote) => {
      this.#underWay = false;
      if (wrote) took?.(clock.monotonic() - startedMs);
      ended(() => durable(readies));
    }, failed);
  }

  /** Readys in their order; the one with the snapshot replaces log and state as a whole. */
  async #aroundSnapshot(readies: readonly Ready[]): Promise<true> {
    for (const ready of readies) {
      if (ready.snapshot) await this.#parts.install(ready, ready.snapshot.metadata.index);
      else await this.#parts.log.write([ready]);
    }
    return true;
  }
}
