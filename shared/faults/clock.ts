import { type Clock, sleepOn, type Timer } from '#shared/clock';
import type { FaultPlane } from './plane.ts';

/** A call that is due at a bent time. */
interface Pending {
  readonly dueMs: number;
  readonly call: () => void;
  timer: Timer;
}

/**
 * The machine's clock, as this process is made to see it: `now` jumps by an offset; a drift makes
 * all of its time run faster or slower, timers that were set before included. When a drift ends, time goes on from where
 * it had come to, at its true speed: `monotonic` never goes back.
 */
export function faultyClock(plane: FaultPlane): Clock {
  const { clock } = plane;
  let rate = 1;
  let since = clock.monotonic();
  let gained = 0;
  let offset = 0;
  const gainedBy = (at: number): number => gained + (at - since) * (rate - 1);
  const pending = new Set<Pending>();
  plane.onChange(() => {
    const at = clock.monotonic();
    gained = gainedBy(at);
    since = at;
    const before = rate;
    rate = plane.clocks.reduce((product, { spec }) => product * (1 + spec.driftPpm / 1e6), 1);
    offset = plane.clocks.reduce((sum, { spec }) => sum + spec.offsetMs, 0);
    for (const fault of plane.clocks) fault.hits = 1;
    if (rate === before) return;
    for (const one of pending) {
      one.timer.cancel();
      one.timer = clock.after(Math.max(0, one.dueMs - at - gained) / rate, one.call);
    }
  });
  const bent: Clock = {
    now: () => clock.now() + offset + gainedBy(clock.monotonic()),
    monotonic: () => clock.monotonic() + gainedBy(clock.monotonic()),
    after(ms, fn) {
      const call = (): void => {
        pending.delete(one);
        fn();
      };
      const timer = clock.after(ms / rate, call);
      const one: Pending = { dueMs: bent.monotonic() + ms, call, timer };
      pending.add(one);
      return {
        cancel() {
          pending.delete(one);
          one.timer.cancel();
        },
      };
    },
    every(ms, fn) {
      let timer = bent.after(ms, again);
      function again(): void {
        timer = bent.after(ms, again);
        fn();
      }
      return { cancel: () => timer.cancel() };
    },
    soon: (fn) => clock.soon(fn),
    sleep: (ms, signal) => sleepOn(bent, ms, signal),
  };
  return bent;
}
