import { readFile } from 'node:fs/promises';

/** One process of one boot: pids come round again, these do not. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since boot, as /proc/<pid>/stat counts them. */
  readonly startTicks: string;
}

/** What the shim has written down of a start. */
export interface StartRecord {
  readonly shim: ProcessIdentity;
  readonly command: ProcessIdentity;
  readonly bootId: string;
}

/** Undefined for what is no complete record, such as an agent's revocation. */
export function parseStartRecord(text: string): StartRecord | undefined {
  const match = /^(\d+) (\d+) (\d+) (\d+) (\S+)\n$/.exec(text);
  if (!match) return undefined;
  const [, shimPid = '', shimStart = '', pid = '', startTicks = '', bootId = ''] = match;
  return {
    shim: { pid: Number(shimPid), startTicks: shimStart },
    command: { pid: Number(pid), startTicks },
    bootId,
  };
}

export async function readBootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}

/** Whether this very process runs; one that has ended and waits to be reaped does not. */
export async function isAlive({ pid, startTicks }: ProcessIdentity): Promise<boolean> {
  let stat: string;
  try {
    stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return false;
  }
  // The name stands in parentheses and may hold anything, parentheses too.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] !== 'Z' && fields[0] !== 'X' && fields[19] === startTicks;
}

/** Signals a process if it still is the one meant. */
export async function signalProcess(
  identity: ProcessIdentity,
  signal: NodeJS.Signals,
): Promise<void> {
  if (await isAlive(identity)) sendSignal(identity.pid, signal);
}

/** Negative: the process group. One that is gone already is what was wanted. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ESRCH') throw thrown;
  }
}
