import type { Clock } from '#shared/clock';
import type { FaultPlane } from './plane.ts';

/**
 * The machine's clock, as this process is made to see it: `now` jumps by an offset; a drift makes
 * all of its time, timers included, run faster or slower. When a drift ends, time goes on from where
 * it had come to, at its true speed: `monotonic` never goes back.
 */
export function faultyClock(plane: FaultPlane): Clock {
  const { clock } = plane;
  let rate = 1;
  let since = clock.monotonic();
  let gained = 0;
  let offset = 0;
  const gainedBy = (at: number): number => gained + (at - since) * (rate - 1);
  plane.onChange(() => {
    const at = clock.monotonic();
    gained = gainedBy(at);
    since = at;
    rate = plane.clocks.reduce((product, { spec }) => product * (1 + spec.driftPpm / 1e6), 1);
    offset = plane.clocks.reduce((sum, { spec }) => sum + spec.offsetMs, 0);
    for (const fault of plane.clocks) fault.hits++;
  });
  const bent: Clock = {
    now: () => clock.now() + offset + gainedBy(clock.monotonic()),
    monotonic: () => clock.monotonic() + gainedBy(clock.monotonic()),
    after: (ms, fn) => clock.after(ms / rate, fn),
    every(ms, fn) {
      // The rate may change between two calls.
      let timer = clock.after(ms / rate, again);
      function again(): void {
        timer = clock.after(ms / rate, again);
        fn();
      }
      return { cancel: () => timer.cancel() };
    },
    soon: (fn) => clock.soon(fn),
    sleep: (ms, signal) => clock.sleep(ms / rate, signal),
  };
  return bent;
}
