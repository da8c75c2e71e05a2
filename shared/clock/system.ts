import type { Clock } from './clock.ts';
import { sleepOn } from './sleep.ts';

/** The machine's clock: the only place that touches the real timers. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, fn) {
    const handle = setTimeout(fn, ms);
    return { cancel: () => clearTimeout(handle) };
  },
  every(ms, fn) {
    const handle = setInterval(fn, ms);
    return { cancel: () => clearInterval(handle) };
  },
  soon(fn) {
    const handle = setImmediate(fn);
    return { cancel: () => clearImmediate(handle) };
  },
  sleep: (ms, signal) => sleepOn(systemClock, ms, signal),
};
