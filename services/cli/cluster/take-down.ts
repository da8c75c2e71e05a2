import type { Context } from '../context.ts';
import type { Part } from './layout.ts';
import { killPods, stopPods } from './pods.ts';
import {
  forgetProcess,
  isAlive,
  type ProcessId,
  runningProcess,
  signalProcess,
} from './processes.ts';
import { createProgress, formatSeconds } from './progress.ts';
import { clearReady } from './readiness.ts';
import type { Cluster } from './state.ts';

/** How long a part may take to stop before it is killed. */
const stopTimeoutMs = 20_000;
const pollMs = 15;

export interface TakeDownOptions {
  /** Leave the pods of workers running, to be adopted at the next start. */
  readonly agentOnly: boolean;
}

/** Stops these parts at once, in no order, gracefully; a worker's pods after its agent. */
export async function takeDown(
  context: Context,
  cluster: Cluster,
  parts: readonly Part[],
  options: TakeDownOptions,
): Promise<void> {
  const progress = createProgress(
    context.out,
    parts.map((part) => part.name),
  );
  const startedAt = context.clock.monotonic();
  await Promise.all(
    parts.map(async (part) => {
      const process = runningProcess(cluster, part.name);
      progress.update(part.name, 'stopping');
      const how = process ? await stopProcess(context, process) : 'was not running';
      forgetProcess(cluster, part.name);
      clearReady(cluster, part.name);
      const pods =
        part.role === 'worker' && !options.agentOnly
          ? await stopPods(context, cluster, part.name)
          : 0;
      const podText = pods === 0 ? '' : `, ${pods} ${pods === 1 ? 'container' : 'containers'} too`;
      const elapsed = formatSeconds(context.clock.monotonic() - startedAt);
      progress.done(part.name, process ? `${how} after ${elapsed}${podText}` : `${how}${podText}`);
    }),
  );
}

async function stopProcess(context: Context, id: ProcessId): Promise<string> {
  signalProcess(context.host, id, 'SIGTERM');
  if (await waitGone(context, id, stopTimeoutMs)) return 'stopped';
  signalProcess(context.host, id, 'SIGKILL');
  await waitGone(context, id, stopTimeoutMs);
  return 'did not stop, killed';
}

async function waitGone({ clock }: Context, id: ProcessId, timeoutMs: number): Promise<boolean> {
  const deadline = clock.monotonic() + timeoutMs;
  while (isAlive(id)) {
    if (clock.monotonic() > deadline) return false;
    await clock.sleep(pollMs);
  }
  return true;
}

/** What was killed: the part's process, where it ran, and how many of its pods' containers. */
export interface KillResult {
  readonly process: ProcessId | undefined;
  readonly containers: number;
}

/** SIGKILL, for a worker to its containers too, as when a machine dies. */
export async function killPart(
  context: Context,
  cluster: Cluster,
  part: Part,
  options: TakeDownOptions,
): Promise<KillResult> {
  const process = runningProcess(cluster, part.name);
  if (process) {
    signalProcess(context.host, process, 'SIGKILL');
    await waitGone(context, process, stopTimeoutMs);
  }
  forgetProcess(cluster, part.name);
  clearReady(cluster, part.name);
  const containers =
    part.role === 'worker' && !options.agentOnly ? killPods(context, cluster, part.name) : 0;
  return { process, containers };
}
