import { appendFileSync, readFileSync } from 'node:fs';

/** What is noted is the size of the log and the time of its last write, 8 bytes each. */
const recordBytes = 16;

interface Note {
  readonly size: number;
  readonly ms: number;
}

/**
 * When the bytes of one log file were written. Processes write their logs themselves, so lines carry
 * no times; whoever watches the file grow notes them here, and the next agent reads them back.
 */
export class LogTimes {
  readonly #path: string;
  #notes: Note[] | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** All that lies between the size noted last and `size` was written by `ms`. */
  note(size: number, ms: number): void {
    const notes = this.#read();
    if (size <= (notes.at(-1)?.size ?? 0)) return;
    const record = Buffer.alloc(recordBytes);
    record.writeDoubleLE(size, 0);
    record.writeDoubleLE(ms, 8);
    appendFileSync(this.#path, record, { mode: 0o600 });
    notes.push({ size, ms });
  }

  /** Undefined beyond what was noted. */
  at(offset: number): number | undefined {
    const notes = this.#read();
    return notes[firstWhere(notes, ({ size }) => size > offset)]?.ms;
  }

  /** How much of the log was written before `ms`. */
  endBefore(ms: number): number {
    const notes = this.#read();
    return notes[firstWhere(notes, (note) => note.ms >= ms) - 1]?.size ?? 0;
  }

  #read(): Note[] {
    if (this.#notes) return this.#notes;
    let bytes: Buffer;
    try {
      bytes = readFileSync(this.#path);
    } catch {
      bytes = Buffer.alloc(0);
    }
    this.#notes = [];
    // Half a record: the agent died while it wrote it.
    for (let at = 0; at + recordBytes <= bytes.length; at += recordBytes) {
      this.#notes.push({ size: bytes.readDoubleLE(at), ms: bytes.readDoubleLE(at + 8) });
    }
    return this.#notes;
  }
}

/** The first index from which on `holds` does, by bisection. */
function firstWhere(notes: readonly Note[], holds: (note: Note) => boolean): number {
  let low = 0;
  let high = notes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const note = notes[middle];
    if (note && holds(note)) high = middle;
    else low = middle + 1;
  }
  return low;
}
