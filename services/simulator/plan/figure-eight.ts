import type { Rng } from '#shared/base';
import type { Fault } from './plan.ts';

/**
 * The schedule of Raft's figure 8, again and again: leaders whose entries reach nobody die one after
 * the other, the first comes back and spreads what it has from its older term, and dies in the middle
 * of that, while the one with the newer term returns. Times are drawn, so that some of it comes true.
 */
export function drawFigureEight(rng: Rng, safetyMs: number, electionMs: number): Fault[] {
  const faults: Fault[] = [];
  const about = (elections: number): number =>
    Math.round(electionMs * elections * (0.7 + 0.6 * rng.next()));
  for (let atMs = about(4); atMs < safetyMs; atMs += about(12)) {
    const first = atMs + about(0.5);
    const second = first + about(2);
    const spreads = second + about(2.2);
    faults.push(
      { atMs, kind: 'black-hole', forMs: spreads - atMs },
      { atMs: first, kind: 'kill', target: 'leader', forMs: second - first },
      { atMs: second, kind: 'kill', target: 'leader', forMs: spreads - second + about(0.5) },
      {
        atMs: spreads - 1,
        kind: 'die-sending',
        target: 'leader',
        messages: 2 + rng.int(8),
        forMs: about(4),
      },
    );
  }
  return faults;
}
