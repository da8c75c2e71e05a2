import { assertNever } from '#shared/base';
import type { FaultPlane } from './plane.ts';
import type { Action } from './terms.ts';

/** Whether what stands at the point is done, or left out as if it had been done. */
export type Passed = 'go' | 'return';

/** Passes a failpoint; rejects where it is set to an error, never resolves where it crashes. */
export async function passPoint(plane: FaultPlane, name: string): Promise<Passed> {
  const action = take(plane, name);
  if (action.type !== 'sleep') return act(plane, name, action);
  await plane.clock.sleep(action.ms);
  return 'go';
}

/** The same where nothing can be waited for: a sleep holds up the whole process, as it does in etcd. */
export function passPointSync(plane: FaultPlane, name: string): Passed {
  const action = take(plane, name);
  if (action.type !== 'sleep') return act(plane, name, action);
  holdUp(action.ms);
  return 'go';
}

/** Blocks this thread, and with it everything the process does. */
export function holdUp(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

const off: Action = { type: 'off' };

function take(plane: FaultPlane, name: string): Action {
  const fault = plane.point(name);
  const action = fault?.terms?.next(plane.rng) ?? off;
  if (fault && action.type !== 'off') fault.hits++;
  return action;
}

function act(plane: FaultPlane, name: string, action: Exclude<Action, { type: 'sleep' }>): Passed {
  switch (action.type) {
    case 'off':
      return 'go';
    case 'return':
      return 'return';
    case 'panic':
      plane.crash(undefined);
      return 'go';
    case 'exit':
      plane.crash(action.code);
      return 'go';
    case 'error':
      // Not a refusal of a request: whoever meets it cannot go on.
      throw new Error(`failpoint ${name}: ${action.message}`);
    default:
      return assertNever(action, 'action');
  }
}

/** What may be overridden on one object, to stand between it and its callers. */
type Methods<T> = {
  [K in keyof T]: T[K] extends (...args: never[]) => unknown ? K : never;
}[keyof T];

/**
 * Puts failpoints before and after a method of this one object. Only where faults are enabled: no
 * other object has them, and the class knows nothing of it.
 */
export function pointsAround<T extends object, K extends Methods<T>>(
  plane: FaultPlane,
  target: T,
  method: K,
  before: readonly string[],
  after: readonly string[],
): void {
  for (const name of [...before, ...after]) plane.addPoint(name);
  const original = (target[method] as (...args: unknown[]) => Promise<unknown>).bind(target);
  const replaced = async (...args: unknown[]): Promise<unknown> => {
    for (const name of before) await passPoint(plane, name);
    const result = await original(...args);
    for (const name of after) await passPoint(plane, name);
    return result;
  };
  Object.defineProperty(target, method, { value: replaced, configurable: true });
}

/** The same for a method that answers at once. */
export function pointsAroundSync<T extends object, K extends Methods<T>>(
  plane: FaultPlane,
  target: T,
  method: K,
  before: readonly string[],
  after: readonly string[],
): void {
  for (const name of [...before, ...after]) plane.addPoint(name);
  const original = (target[method] as (...args: unknown[]) => unknown).bind(target);
  const replaced = (...args: unknown[]): unknown => {
    for (const name of before) passPointSync(plane, name);
    const result = original(...args);
    for (const name of after) passPointSync(plane, name);
    return result;
  };
  Object.defineProperty(target, method, { value: replaced, configurable: true });
}
