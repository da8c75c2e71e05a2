import { type Lab, type LabOptions, startLab as startProcesses } from '#shared/lab';

/**
 * How masters and workers are run. `in-process`: within the test's own process, ready soonest; they
 * cannot be paused, and a `kill` closes their files. `process`: as users run them, each a process of its own.
 */
export type LabMode = 'in-process' | 'process';

export interface StartLabOptions extends LabOptions {
  /** Default `process`. */
  readonly mode?: LabMode | undefined;
}

/** A running cluster of its own, ready for use. Destroy it, or let `await using` do it. */
export async function startLab({
  mode = 'process',
  ...options
}: StartLabOptions = {}): Promise<Lab> {
  const breakable = { faults: true, ...options };
  if (mode === 'process') return startProcesses(breakable);
  const { inProcessLauncher } = await import('#services/cli');
  return startProcesses(breakable, inProcessLauncher);
}
