/** A scheduled call that has not happened yet. */
export interface Timer {
  cancel(): void;
}

/**
 * Time, as host code is given it. There is no default: whoever builds a component says which time
 * it lives in, so that the simulator can say its own.
 */
export interface Clock {
  /** Wall time in milliseconds since the epoch. May jump; only for what people read. */
  now(): number;
  /** Milliseconds since some fixed point; never goes back. For every duration and deadline. */
  monotonic(): number;
  /** Calls `fn` once, `ms` milliseconds from now. */
  after(ms: number, fn: () => void): Timer;
  /** Calls `fn` every `ms` milliseconds. A late call is not made up for. */
  every(ms: number, fn: () => void): Timer;
  /** Calls `fn` at the end of this turn, after the input that is already waiting. */
  soon(fn: () => void): Timer;
  /** Resolves after `ms`, or rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
