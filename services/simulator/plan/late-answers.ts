import type { Rng } from '#shared/base';
import type { Fault } from './plan.ts';

/**
 * A leader hears everybody late, and then nobody hears it any more: what it still hears was said
 * before the others had another leader. Whatever it promises on the strength of that must be older
 * than it, or new.
 */
export function drawLateAnswers(rng: Rng, safetyMs: number, electionMs: number): Fault[] {
  const faults: Fault[] = [];
  for (let atMs = 5 * electionMs; atMs < safetyMs; ) {
    const byMs = electionMs * (5 + rng.int(15));
    const cutMs = atMs + 2 * byMs + rng.int(2 * electionMs);
    const forMs = byMs + rng.int(2 * electionMs);
    faults.push(
      { atMs, kind: 'hears-late', target: 'leader', byMs, forMs: cutMs - atMs + forMs },
      { atMs: cutMs, kind: 'isolate', target: 'leader', direction: 'out', forMs },
    );
    atMs = cutMs + forMs + (3 + rng.int(4)) * electionMs;
  }
  return faults;
}
