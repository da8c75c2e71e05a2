import { expect, test } from 'vitest';
import { ManualClock } from './manual.ts';

test('ManualClock: calls come in the order of their time, then of their making', async () => {
  const clock = new ManualClock(0);
  const seen: string[] = [];
  clock.after(20, () => seen.push(`b@${clock.now()}`));
  clock.after(10, () => seen.push(`a@${clock.now()}`));
  clock.after(20, () => seen.push(`c@${clock.now()}`));
  await clock.advance(19);
  expect(seen).toEqual(['a@10']);
  await clock.advance(1);
  expect(seen).toEqual(['a@10', 'b@20', 'c@20']);
  expect(clock.monotonic()).toBe(20);
});

test('ManualClock: every repeats until it is cancelled, also from its own call', async () => {
  const clock = new ManualClock();
  let calls = 0;
  const timer = clock.every(10, () => {
    calls++;
    if (calls === 3) timer.cancel();
  });
  await clock.advance(100);
  expect(calls).toBe(3);
});

test('ManualClock: sleep resolves in time, and rejects when its signal aborts', async () => {
  const clock = new ManualClock();
  let woke = false;
  const nap = clock.sleep(50).then(() => {
    woke = true;
  });
  await clock.advance(49);
  expect(woke).toBe(false);
  await clock.advance(1);
  await nap;
  expect(woke).toBe(true);

  const abort = new AbortController();
  const cut = clock.sleep(50, abort.signal);
  abort.abort(new Error('enough'));
  await expect(cut).rejects.toThrow('enough');
});
