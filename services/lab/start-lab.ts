import { QuorateError } from '#shared/base';
import { type Lab, type LabOptions, startLab as startProcesses } from '#shared/lab';
import { keepCompiledCode } from '#shared/runtime';

/**
 * How masters and workers are run. `in-process`: within the test's own process, ready soonest; they
 * cannot be paused, and a `kill` closes their files. `process`: as users run them, each a process of its own.
 * `container`: each in a container of its own, on a network that can really be cut.
 */
export type LabMode = 'in-process' | 'process' | 'container';

export interface StartLabOptions extends LabOptions {
  /** Default `process`. */
  readonly mode?: LabMode | undefined;
  /** Of mode `container`; default `quorate:dev`, which `make image` builds. Never pulled. */
  readonly image?: string | undefined;
}

/** A running cluster of its own, ready for use. Destroy it, or let `await using` do it. */
export async function startLab({
  mode = 'process',
  image,
  ...options
}: StartLabOptions = {}): Promise<Lab> {
  const breakable = { faults: true, ...options };
  if (mode === 'process') return startProcesses(breakable);
  if (mode !== 'container' && mode !== 'in-process') {
    const message = `mode is "${String(mode)}": must be in-process, process or container`;
    throw new QuorateError('bad-request', message);
  }
  keepCompiledCode();
  const { containerLauncher, inProcessLauncher } = await import('#services/cli');
  if (mode === 'container') return startProcesses(options, await containerLauncher(image));
  return startProcesses(breakable, inProcessLauncher);
}
