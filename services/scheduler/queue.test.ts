import { describe, expect, it } from 'vitest';
import { ManualClock } from '#shared/clock';
import { defaultSchedulerConfig } from './config.ts';
import { SchedulingQueue } from './queue.ts';

function setUp() {
  const clock = new ManualClock();
  const queue = new SchedulingQueue(clock, defaultSchedulerConfig);
  const { signal } = new AbortController();
  return { clock, queue, next: () => queue.next(signal) };
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
    expect([await next(), await next(), await next()]).toEqual(['e', 'a', 'c']);
  });

  it('leaves an unschedulable pod until something happens that may help it', async () => {
    const { clock, queue, next } = setUp();
    queue.add('a', 0);
    await next();
    queue.unschedulable('a', new Set(['TaintToleration']));
    await clock.advance(2_000);
    queue.happened('pod-removed');
    expect(queue.describe()).toBe('a:unschedulable');
    queue.happened('node-changed');
    expect(queue.describe()).toBe('a:active');
  });

  it('does not lose what happens while a pod is in work', async () => {
    const { clock, queue, next } = setUp();
    queue.add('a', 0);
    await next();
    queue.happened('pod-removed');
    queue.unschedulable('a', new Set(['NodeResourcesFit']));
    expect(queue.describe()).toBe('a:backoff');
    await clock.advance(1_000);
    expect(queue.describe()).toBe('a:active');
  });

  it('waits twice as long after each failure', async () => {
    const { clock, queue, next } = setUp();
    queue.add('a', 0);
    for (const waitMs of [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]) {
      await next();
      queue.retry('a');
      await clock.advance(waitMs - 1);
      expect(queue.describe()).toBe('a:backoff');
      await clock.advance(1);
      expect(queue.describe()).toBe('a:active');
    }
  });

  it('tries everything again now and then', async () => {
    const { clock, queue, next } = setUp();
    queue.add('a', 0);
    await next();
    queue.unschedulable('a', new Set(['NodeResourcesFit']));
    await clock.advance(defaultSchedulerConfig.unschedulableFlushMs);
    expect(queue.describe()).toBe('a:active');
  });

  it('hands out what comes while somebody waits, and nothing after the end', async () => {
    const { queue } = setUp();
    const stop = new AbortController();
    const waiting = queue.next(stop.signal);
    queue.add('a', 0);
    expect(await waiting).toBe('a');
    const ended = queue.next(stop.signal);
    stop.abort();
    expect(await ended).toBeUndefined();
  });
});
