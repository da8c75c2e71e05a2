import { describe, expect, it } from 'vitest';
import { must } from '#shared/base';
import { ManualClock } from '#shared/clock';
import { defaultSchedulerConfig } from './config.ts';
import { SchedulingQueue, type Turn } from './queue.ts';

function setUp() {
  const clock = new ManualClock();
  const queue = new SchedulingQueue(clock, defaultSchedulerConfig);
  const { signal } = new AbortController();
  return {
    clock,
    queue,
    next: async (): Promise<Turn> => must(await queue.next(signal), 'a turn'),
  };
}

describe('the scheduling queue', () => {
  it('takes the highest priority first, then the first come', async () => {
    const { queue, next } = setUp();
    queue.add('a', 0);
    queue.add('b', 10);
    queue.add('c', 0);
    queue.add('d', 10);
    queue.remove('b');
    queue.remove('d');
    queue.add('e', 10);
    const keys = [await next(), await next(), await next()].map(({ key }) => key);
    expect(keys).toEqual(['e', 'a', 'c']);
  });

  it('leaves an unschedulable pod until something happens that may help it', async () => {
    const { clock, queue, next } = setUp();
    queue.add('a', 0);
    const turn = await next();
    queue.unschedulable(turn, new Set(['TaintToleration']));
    await clock.advance(2_000);
    queue.happened('pod-removed');
    expect(queue.describe()).toBe('a:unschedulable');
    queue.happened('node-changed');
    expect(queue.describe()).toBe('a:active');
  });

  it('does not lose what happens while a pod is in work', async () => {
    const { clock, queue, next } = setUp();
    queue.add('a', 0);
    const turn = await next();
    queue.happened('pod-removed');
    queue.unschedulable(turn, new Set(['NodeResourcesFit']));
    expect(queue.describe()).toBe('a:backoff');
    await clock.advance(1_000);
    expect(queue.describe()).toBe('a:active');
  });

  it('does not lose what becomes of a pod while it is in work', async () => {
    const { queue, next } = setUp();
    queue.add('a', 0);
    const turn = await next();
    queue.add('a', 0);
    queue.unschedulable(turn, new Set(['TaintToleration']));
    expect(queue.describe()).toBe('a:backoff');
  });

  it('takes what a pod that is gone has come to for no word on its namesake', async () => {
    const { queue, next } = setUp();
    queue.add('a', 0);
    const old = await next();
    queue.remove('a');
    queue.add('a', 0);
    queue.done(old);
    expect(queue.describe()).toBe('a:active');
    const turn = await next();
    queue.unschedulable(old, new Set(['TaintToleration']));
    queue.retry(old);
    expect(queue.describe()).toBe('a:in-work');
    queue.done(turn);
    expect(queue.describe()).toBe('');
  });

  it('waits twice as long after each failure', async () => {
    const { clock, queue, next } = setUp();
    queue.add('a', 0);
    for (const waitMs of [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]) {
      queue.retry(await next());
      await clock.advance(waitMs - 1);
      expect(queue.describe()).toBe('a:backoff');
      await clock.advance(1);
      expect(queue.describe()).toBe('a:active');
    }
  });

  it('tries everything again now and then', async () => {
    const { clock, queue, next } = setUp();
    queue.add('a', 0);
    const turn = await next();
    queue.unschedulable(turn, new Set(['NodeResourcesFit']));
    await clock.advance(defaultSchedulerConfig.unschedulableFlushMs);
    expect(queue.describe()).toBe('a:active');
  });

  it('hands out what comes while somebody waits, and nothing after the end', async () => {
    const { queue } = setUp();
    const stop = new AbortController();
    const waiting = queue.next(stop.signal);
    queue.add('a', 0);
    expect(await waiting).toMatchObject({ key: 'a' });
    const ended = queue.next(stop.signal);
    stop.abort();
    expect(await ended).toBeUndefined();
  });
});
