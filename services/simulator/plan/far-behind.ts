import type { Rng } from '#shared/base';
import type { Fault, Target } from './plan.ts';

const troubles = ['broken', 'late', 'orphaned'] as const;

/**
 * Somebody misses more than logs keep, and gets the whole state: late, in vain, or twice, while it still
 * has entries to apply, while leaders change, or just before everything heals.
 */
export function drawFarBehind(rng: Rng, safetyMs: number, members: number): Fault[] {
  const faults: Fault[] = [];
  for (let atMs = 1500 + rng.int(1000); atMs < safetyMs; atMs += 800 + rng.int(1500)) {
    // A leader that is away for longer has entries by then that nobody else will ever have.
    const deposed = rng.int(4) === 0;
    const target = deposed ? 'leader' : rng.int(members);
    const forMs = deposed ? 2500 + rng.int(1500) : 150 + rng.int(650);
    if (rng.int(4) > 0) {
      const how = troubles[rng.int(troubles.length)] ?? 'broken';
      faults.push({ atMs, kind: 'snapshots', how, forMs: forMs + 100 + rng.int(1000) });
    }
    if (deposed) faults.push({ atMs, kind: 'isolate', target, direction: 'both', forMs });
    else faults.push(...absence(rng, target, atMs, forMs));
    if (rng.int(5) > 0) continue;
    const backMs = atMs + forMs + rng.int(200);
    if (rng.int(2) === 0) faults.push({ atMs: backMs, kind: 'transfer', target: rng.int(members) });
    else faults.push({ atMs: backMs, kind: 'reset', target: 'leader' });
  }
  return faults.sort((a, b) => a.atMs - b.atMs);
}

/** Cut off, or dead; where it is slow as well it has much to apply that the state holds, too. */
function absence(rng: Rng, target: Target, atMs: number, forMs: number): Fault[] {
  const lookMs = [5, 20, 60][rng.int(3)] ?? 5;
  const slow = { kind: 'slow-process', target, lookMs } as const;
  const away: Fault = { atMs, kind: 'isolate', target, direction: 'both', forMs };
  switch (rng.int(4)) {
    case 0:
      return [
        { atMs, kind: 'kill', target, forMs },
        { ...slow, atMs: atMs + forMs - 5, forMs: 800 + rng.int(1000) },
      ];
    case 1:
      return [away];
    default: {
      // Just back, and away again with all that it got.
      const againMs = atMs + 250 + rng.int(250);
      return [
        { ...away, forMs: 200 },
        { ...slow, atMs, forMs: 2000 },
        { ...away, atMs: againMs, forMs: 200 + rng.int(500) },
      ];
    }
  }
}
