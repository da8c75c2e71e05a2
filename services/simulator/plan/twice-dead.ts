import type { Rng } from '#shared/base';
import type { Fault } from './plan.ts';

/**
 * Members die in the middle of a log write, come back at once, and lose power moments later: whatever
 * they took over from their last life, and promised since, must be on the disk by then.
 */
export function drawTwiceDead(rng: Rng, safetyMs: number, members: number): Fault[] {
  const faults: Fault[] = [];
  for (let atMs = 1500 + rng.int(500); atMs < safetyMs; atMs += 500 + rng.int(1000)) {
    const target = rng.int(members);
    const forMs = 5 + rng.int(60);
    faults.push(
      { atMs, kind: 'die-writing', target, power: rng.int(2) === 0, forMs },
      { atMs: atMs + forMs + rng.int(250), kind: 'power', target, forMs: 20 + rng.int(300) },
    );
  }
  return faults;
}
