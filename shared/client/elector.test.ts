import { describe, expect, it } from 'vitest';
import { QuorateError } from '#shared/base';
import { ManualClock } from '#shared/clock';
import type { ApiClient, Fence } from './api-client.ts';
import { runElected } from './elector.ts';
import { silentLog } from './testing/silent-log.ts';

/** One candidate; the test says what the server answers to each renewal. */
function setUp(renew: () => Promise<void>) {
  const clock = new ManualClock();
  const calls: string[] = [];
  let token = 0;
  const api: Pick<ApiClient, 'campaign' | 'renew' | 'resign'> = {
    campaign({ election, identity, leaseSeconds }) {
      calls.push('campaign');
      const leader = { election, identity, leaseSeconds, token: ++token };
      return Promise.resolve({ elected: true, leader });
    },
    renew,
    resign: (fence) => {
      calls.push(`resign ${fence.token}`);
      return Promise.resolve();
    },
  };
  const stop = new AbortController();
  const lead = async (fence: Fence, signal: AbortSignal): Promise<void> => {
    calls.push(`lead ${fence.token}`);
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    calls.push(`end ${fence.token} at ${clock.monotonic()}`);
  };
  const options = { api, election: 'e', identity: 'me', clock, log: silentLog };
  const running = runElected({ ...options, signal: stop.signal }, lead);
  return { clock, calls, stop, running };
}

describe('an elected component', () => {
  it('leads while it renews, and resigns when it stops', async () => {
    const { clock, calls, stop, running } = setUp(() => Promise.resolve());
    await clock.advance(60_000);
    expect(calls).toEqual(['campaign', 'lead 1']);
    stop.abort();
    await running;
    expect(calls.slice(2)).toEqual(['end 1 at 60000', 'resign 1']);
  });

  it('ends at once when fenced off, and campaigns again', async () => {
    let renewals = 0;
    const { clock, calls, stop, running } = setUp(() =>
      ++renewals === 3 ? Promise.reject(new QuorateError('fenced', 'lost')) : Promise.resolve(),
    );
    await clock.advance(2_500);
    expect(calls).toEqual([
      'campaign',
      'lead 1',
      'end 1 at 2000',
      'resign 1',
      'campaign',
      'lead 2',
    ]);
    stop.abort();
    await running;
  });

  it('ends when its lease has run out on its own clock, though a renewal hangs', async () => {
    let renewals = 0;
    const { clock, calls, stop, running } = setUp(() =>
      ++renewals === 1 ? Promise.resolve() : new Promise(() => {}),
    );
    await clock.advance(3_000);
    expect(calls).toContain('end 1 at 3000');
    stop.abort();
    await clock.advance(1_000);
    await running;
  });

  it('counts the lease from when the last renewal that succeeded was sent', async () => {
    let renewals = 0;
    const { clock, calls, stop, running } = setUp(() =>
      ++renewals <= 2 ? Promise.resolve() : Promise.reject(new QuorateError('unavailable', 'x')),
    );
    await clock.advance(3_900);
    expect(calls).toEqual(['campaign', 'lead 1']);
    await clock.advance(100);
    expect(calls).toContain('end 1 at 4000');
    stop.abort();
    await clock.advance(1_000);
    await running;
  });
});
