import { describe, expect, it } from 'vitest';
import { ManualClock } from '#shared/clock';
import { createWorkQueue } from './work-queue.ts';

describe('a work queue', () => {
  it('holds a key once, and never works on it twice at once', async () => {
    const clock = new ManualClock();
    const queue = createWorkQueue({ clock });
    const stop = new AbortController();
    const gate = Promise.withResolvers<void>();
    const log: string[] = [];
    queue.add('a');
    queue.add('a');
    const running = queue.run(
      3,
      async (key) => {
        log.push(`begin ${key}`);
        if (log.length === 1) await gate.promise;
        log.push(`end ${key}`);
      },
      stop.signal,
    );
    await clock.advance(0);
    queue.add('a');
    queue.add('a');
    await clock.advance(0);
    expect(log).toEqual(['begin a']);
    gate.resolve();
    await clock.advance(0);
    expect(log).toEqual(['begin a', 'end a', 'begin a', 'end a']);
    stop.abort();
    await running;
  });

  it('repeats what throws after growing pauses, from the beginning after a success', async () => {
    const clock = new ManualClock();
    const attempts: number[] = [];
    const queue = createWorkQueue({ clock });
    const stop = new AbortController();
    const running = queue.run(
      1,
      async () => {
        attempts.push(clock.monotonic());
        await Promise.resolve();
        if (attempts.length < 4) throw new Error('not yet');
      },
      stop.signal,
    );
    queue.add('a');
    await clock.advance(1_000);
    expect(attempts).toEqual([0, 5, 15, 35]);
    stop.abort();
    await running;
  });

  it('looks again when asked to, at the earliest of the times asked for', async () => {
    const clock = new ManualClock();
    const attempts: number[] = [];
    const queue = createWorkQueue({ clock });
    const stop = new AbortController();
    const running = queue.run(
      1,
      async () => {
        attempts.push(clock.monotonic());
        await Promise.resolve();
        return attempts.length === 1 ? { requeueAfterMs: 100 } : undefined;
      },
      stop.signal,
    );
    queue.addAfter('a', 50);
    queue.addAfter('a', 20);
    queue.addAfter('a', 70);
    await clock.advance(1_000);
    expect(attempts).toEqual([20, 120]);
    stop.abort();
    await running;
  });

  it('ends when told, after what is in work', async () => {
    const clock = new ManualClock();
    const queue = createWorkQueue({ clock });
    const stop = new AbortController();
    const gate = Promise.withResolvers<void>();
    let ended = false;
    const running = queue.run(2, () => gate.promise, stop.signal).then(() => (ended = true));
    queue.add('a');
    await clock.advance(0);
    stop.abort();
    await clock.advance(0);
    expect(ended).toBe(false);
    gate.resolve();
    await running;
  });
});
