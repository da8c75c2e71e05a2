import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sendSignal } from './process-table.ts';

/** Set for commands that run beside a container's own, and inherited by all that they start. */
const markName = 'QUORATE_EXEC_IN';

/** The environment's part by which such processes are found, whatever session or group they joined. */
export const execMark = (containerId: string): Record<string, string> => ({
  [markName]: containerId,
});

const note = (containerPath: string): string => join(containerPath, 'exec');

/** Notes, for this agent and the next one, that there may be such processes. */
export async function noteExec(containerPath: string): Promise<void> {
  await writeFile(note(containerPath), '', { mode: 0o600 });
}

/** Ends everything that was run beside a container which has ended itself. */
export async function endExecs(containerPath: string, containerId: string): Promise<void> {
  for (const pid of await execsOf(containerPath, containerId)) sendSignal(pid, 'SIGKILL');
}

/** The processes that were run beside a container, and what they started. */
export async function execsOf(containerPath: string, containerId: string): Promise<number[]> {
  try {
    await readFile(note(containerPath));
  } catch {
    return [];
  }
  const mark = `${markName}=${containerId}`;
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found: number[] = [];
  for (const pid of pids) {
    try {
      const environment = await readFile(`/proc/${pid}/environ`, 'latin1');
      if (environment.split('\0').includes(mark)) found.push(pid);
    } catch {
      // Gone, or somebody else's.
    }
  }
  return found;
}
