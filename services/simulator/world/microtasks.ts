import { setFlagsFromString } from 'node:v8';

/**
 * Runs everything that promises have made ready, here and now. Between two events of a simulation
 * nothing may be left over, and a turn of the real event loop for each would take longer than the
 * event. V8 offers this to its own tests; it does nothing when called from within a promise.
 */
export const settle: () => void = (() => {
  setFlagsFromString('--allow-natives-syntax');
  // oxlint-disable-next-line typescript/no-implied-eval -- V8's natives have no other syntax.
  const perform = new Function('%PerformMicrotaskCheckpoint()') as () => void;
  perform();
  setFlagsFromString('--no-allow-natives-syntax');
  return perform;
})();
