import type { FaultPlane } from './plane.ts';

/** An error of the operating system, as the code above the disk knows them. */
export function diskError(code: 'EIO' | 'ENOSPC'): Error {
  const text = code === 'EIO' ? 'i/o error' : 'no space left on device';
  return Object.assign(new Error(`${code}: ${text}, write`), { code });
}

/** What the plane wants done to one write. */
export interface WriteFate {
  /** Write nothing, and say that it was written. */
  readonly lost: boolean;
  /** Write a part, and crash. */
  readonly torn: boolean;
  /** Change one bit. */
  readonly flipped: boolean;
}

/** Stalls, fails, or says what is to become of the write. */
export async function beforeWrite(
  plane: FaultPlane,
  target: 'log' | 'backend',
): Promise<WriteFate> {
  const fate = { lost: false, torn: false, flipped: false };
  for (const fault of plane.disks(target)) {
    const { what, ms, probability } = fault.spec;
    if (probability < 1 && plane.rng.next() >= probability) continue;
    fault.hits++;
    if (what === 'stall') await plane.clock.sleep(ms);
    if (what === 'error') throw diskError('EIO');
    if (what === 'full') throw diskError('ENOSPC');
    if (what === 'lose-sync') fate.lost = true;
    if (what === 'torn-write') fate.torn = true;
    if (what === 'bit-flip') fate.flipped = true;
  }
  return fate;
}

/** `bytes` with one bit changed, anywhere. */
export function flipBit(plane: FaultPlane, bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) return bytes;
  const copy = Uint8Array.from(bytes);
  const at = plane.rng.int(copy.length);
  copy[at] = (copy[at] ?? 0) ^ (1 << plane.rng.int(8));
  return copy;
}
