import { expect, inject, test } from 'vitest';
import { createRng } from '#shared/base';
import { checkLease, type LeaseRecord } from './lease.ts';
import { BrokenPromise } from './raft/broken-promise.ts';

const seed = inject('seed');

/** A renewal took place at some moment between question and answer: every choice of moments is tried. */
function explained({ grantedFromMs, ttlSeconds, renewals, ...end }: LeaseRecord): boolean {
  const { revokedByClient, endedMs = Infinity } = end;
  const tryFrom = (left: LeaseRecord['renewals'], untilMs: number): boolean => {
    const [first, ...rest] = left;
    if (!first) return revokedByClient || endedMs >= untilMs;
    for (let at = first.fromMs; at <= Math.min(first.toMs, endedMs); at++) {
      if (tryFrom(rest, Math.max(untilMs, at + first.ttlSeconds * 1000))) return true;
    }
    return false;
  };
  return tryFrom(renewals, grantedFromMs + ttlSeconds * 1000);
}

function keeps(lease: LeaseRecord): boolean {
  try {
    checkLease(lease, { clockRate: 1 });
    return true;
  } catch (thrown) {
    if (thrown instanceof BrokenPromise) return false;
    throw thrown;
  }
}

test('the verdict over a lease is that of trying every moment of its renewals', () => {
  const seen = { kept: 0, broken: 0 };
  for (let run = 0; run < 3000; run++) {
    const rng = createRng(seed + run);
    // Milliseconds on a small grid: so that ends fall on the borders of promises.
    const ttlSeconds = (2 + rng.int(4)) / 1000;
    const grantedFromMs = rng.int(4);
    const renewals = Array.from({ length: rng.int(3) }, () => {
      const fromMs = grantedFromMs + rng.int(8);
      return { fromMs, toMs: fromMs + rng.int(4), ttlSeconds };
    });
    const endedMs = rng.int(6) === 0 ? undefined : grantedFromMs + rng.int(16);
    const record = { lease: '1', ttlSeconds, grantedFromMs, renewals, endedMs };
    const lease: LeaseRecord = { ...record, revokedByClient: rng.int(4) === 0 };
    const expected = explained(lease);
    seen[expected ? 'kept' : 'broken']++;
    expect(keeps(lease), `SEED=${seed + run} ${JSON.stringify(lease)}`).toBe(expected);
  }
  expect(Math.min(seen.kept, seen.broken)).toBeGreaterThan(500);
});
