import type { ManualClock } from '#shared/clock';

/** Waits for what real processes and files do, while time passes in steps. */
export async function whileMoving(
  clock: ManualClock,
  done: Promise<unknown>,
  stepMs: number,
): Promise<void> {
  const state = { pending: true };
  const settled = done.finally(() => {
    state.pending = false;
  });
  while (state.pending) {
    await clock.advance(stepMs);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await settled;
}
