/** A broken invariant: a bug of ours, never the answer to bad input. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** Assertions stay on in production: a member that is wrong about its state must stop, not guess. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Makes a switch over a union total: a forgotten case does not compile. */
export function assertNever(value: never, what = 'value'): never {
  throw new AssertionError(`unexpected ${what}: ${JSON.stringify(value)}`);
}

/** The value, which an invariant says is there. */
export function must<T>(value: T | undefined | null, message: string): T {
  assert(value !== undefined && value !== null, message);
  return value;
}
