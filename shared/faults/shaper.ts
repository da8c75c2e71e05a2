import type { ActiveFault, FaultPlane } from './plane.ts';
import type { LinkFault } from './fault.ts';

/** Later than those behind it, at most. */
const reorderMs = 30;

/**
 * One direction of one link, for messages that may be lost. Without faults a message passes at once;
 * with them it is dropped, copied or late, and keeps its place in the queue unless it is reordered.
 */
export class MessageShaper {
  readonly #plane: FaultPlane;
  readonly #peer: string;
  readonly #direction: 'in' | 'out';
  /** When the last one that kept its place is due, and when the line is free again. */
  #lastDueMs = 0;
  #freeAtMs = 0;

  constructor(plane: FaultPlane, peer: string, direction: 'in' | 'out') {
    this.#plane = plane;
    this.#peer = peer;
    this.#direction = direction;
  }

  get faulty(): boolean {
    const waiting = this.#lastDueMs > this.#plane.clock.monotonic();
    return waiting || this.#plane.links(this.#peer, this.#direction).length > 0;
  }

  /** Whether nothing gets through at all. */
  get cut(): boolean {
    return isCut(this.#plane.links(this.#peer, this.#direction));
  }

  pass(bytes: number, deliver: () => void): void {
    const { clock, rng } = this.#plane;
    const faults = this.#plane.links(this.#peer, this.#direction);
    const now = clock.monotonic();
    let delay = 0;
    let copies = 1;
    let reordered = false;
    for (const fault of faults) {
      const { drop, delayMs, jitterMs, duplicate, reorder, bytesPerSecond } = fault.spec;
      fault.hits++;
      if (drop > 0 && rng.next() < drop) return;
      delay += delayMs + (jitterMs > 0 ? rng.next() * jitterMs : 0);
      if (duplicate > 0 && rng.next() < duplicate) copies++;
      if (reorder > 0 && rng.next() < reorder) reordered = true;
      if (bytesPerSecond > 0) {
        this.#freeAtMs = Math.max(this.#freeAtMs, now) + (bytes / bytesPerSecond) * 1000;
        delay += this.#freeAtMs - now;
      }
    }
    let due = now + delay;
    if (reordered) due += rng.next() * Math.max(reorderMs, delay);
    else due = this.#lastDueMs = Math.max(due, this.#lastDueMs);
    for (let i = 0; i < copies; i++) {
      if (due <= now) deliver();
      else clock.after(due - now, deliver);
    }
  }
}

export function isCut(faults: readonly ActiveFault<LinkFault>[]): boolean {
  return faults.some(({ spec }) => spec.drop >= 1);
}
