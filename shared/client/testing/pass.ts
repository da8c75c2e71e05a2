import type { ManualClock } from '#shared/clock';

/** Everything that only waits for promises gets done: no time passes. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** Lets `ms` pass in small steps, with all that follows from each of them. */
export async function pass(clock: ManualClock, ms: number): Promise<void> {
  const steps = 20;
  await settle();
  for (let step = 0; step < steps; step++) {
    await clock.advance(ms / steps);
    await settle();
  }
}
