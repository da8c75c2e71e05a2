import type { Serving } from './context.ts';

/** Gives the disk back what the backend does not use any more. */
export async function defragment({ node, clock, counters }: Serving): Promise<void> {
  const startedMs = clock.monotonic();
  counters.defragmentations++;
  try {
    await node.backend.defragment();
    counters.defragmentation.observe(clock.monotonic() - startedMs);
  } finally {
    counters.defragmentations--;
  }
}
