import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';

/** Files that this process may have open; Infinity where the system does not say. */
export function openFilesMax(limits = readLimits()): number {
  const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? Infinity : Number(soft);
}

function readLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    // Linux has it.
    return '';
  }
}

/** As many as etcd keeps for itself: the log, the database and other members need them. */
const reservedFiles = 150;

/** Beyond it the member itself could not open its files, and would stop. */
export function connectionsMax(openFiles: number): number {
  return Math.max(openFiles - reservedFiles, Math.floor(openFiles / 4));
}

/** How many clients are connected, on whatever port. */
export class Connections {
  readonly #max: number;
  #open = 0;

  constructor(max: number) {
    this.#max = max;
  }

  /** Undefined: it may stay. Otherwise why not. */
  refusal(socket: Socket): string | undefined {
    if (this.#open >= this.#max) {
      return `${this.#max} clients are connected, and the limit of open files (ulimit -n) allows no more`;
    }
    this.#open++;
    socket.once('close', () => this.#open--);
    return undefined;
  }
}
