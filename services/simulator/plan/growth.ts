import type { Rng } from '#shared/base';
import type { Fault } from './plan.ts';

/**
 * Two members are asked for at once, and moments later the leader and its newest members are cut off
 * from all others, or dies, and the next leader is asked for a member at once: some know of the change,
 * some know that it is committed, some know nothing, some are late to apply it. When the cut is mended
 * they are removed again.
 */
export function drawGrowth(rng: Rng, safetyMs: number): Fault[] {
  const faults: Fault[] = [];
  for (let atMs = 4000 + rng.int(1000); atMs < safetyMs; atMs += 11_000 + rng.int(3000)) {
    const learner = rng.int(4) === 0;
    const cutMs = atMs + 2 + rng.int(90);
    const forMs = 2500 + rng.int(2500);
    const how = rng.int(6);
    for (let slow = rng.int(4); slow > 1; slow--) {
      const lookMs = [2, 5, 20][rng.int(3)] ?? 2;
      const trouble = { atMs: atMs - 500, target: rng.int(3), forMs: 500 + forMs };
      // Who knows what is committed before its disk has it is late to apply it, too.
      if (rng.int(2) === 0) faults.push({ ...trouble, kind: 'slow-disk', factor: 300 });
      else faults.push({ ...trouble, kind: 'slow-process', lookMs });
    }
    if (how < 2) faults.push({ atMs: atMs - 1, kind: 'part-at-change', newest: 2, forMs });
    faults.push({ atMs, kind: 'add', learner, count: 2 });
    if (how === 2) faults.push({ atMs: cutMs, kind: 'part-newest', newest: 2, forMs });
    if (how === 3) faults.push({ atMs: cutMs, kind: 'kill', target: 'leader', forMs });
    if (how > 3) {
      // Those who know nothing must be enough to elect somebody.
      const deadMs = atMs + 2 + rng.int(50);
      faults.push({ atMs: deadMs - 1, kind: 'add-at-election', newest: 2, forMs });
      faults.push({ atMs: deadMs, kind: 'kill', target: 'leader', forMs: 300 + rng.int(400) });
    }
    if (learner) {
      faults.push({ atMs: cutMs + forMs + 1000, kind: 'promote' });
      faults.push({ atMs: cutMs + forMs + 1500, kind: 'part-newest', newest: 1, forMs: 1500 });
    }
    // The second once the first has gone.
    for (const afterMs of [6000, 8500]) {
      faults.push({ atMs: atMs + afterMs, kind: 'remove', target: 'newest' });
    }
  }
  return faults.sort((a, b) => a.atMs - b.atMs);
}
