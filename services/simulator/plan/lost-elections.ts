import type { Rng } from '#shared/base';
import type { Fault } from './plan.ts';

/**
 * Candidates that nobody hears, of a leader that was away for a moment: they are ahead of everybody
 * else, and must be taken back without any other trouble. Now and then a member is away for longer.
 */
export function drawLostElections(rng: Rng, safetyMs: number): Fault[] {
  const faults: Fault[] = [];
  const everyMs = 5000 + rng.int(8000);
  for (let atMs = safetyMs - 3500 - rng.int(1500); atMs > 4000; atMs -= everyMs + rng.int(2000)) {
    faults.push({ atMs, kind: 'lost-election', target: 'leader', forMs: 200 + rng.int(1500) });
    if (rng.int(4) > 0) continue;
    const awayMs = Math.max(1, atMs - 4000);
    faults.push({
      atMs: awayMs,
      kind: 'isolate',
      target: rng.int(5),
      direction: 'both',
      forMs: 2500,
    });
  }
  return faults.sort((a, b) => a.atMs - b.atMs);
}
