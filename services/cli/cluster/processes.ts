import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Context } from '../context.ts';
import type { Part } from './layout.ts';
import { type Cluster, logFile, partDir } from './state.ts';

/** A process, told apart from a later one that got the same pid by when it started. */
export interface ProcessId {
  readonly pid: number;
  /** Field 22 of /proc/<pid>/stat: clock ticks since boot. */
  readonly startTime: string;
}

const pidFile = (cluster: Cluster, name: string): string => join(partDir(cluster, name), 'pid');

/** Larger logs of earlier runs are set aside at the next start, one of them. */
const logBytesMax = 16 * 1024 * 1024;

/**
 * Keeps five processes under 500 MB together: small young generations, and one helper thread of V8
 * each. A part that needs more says so with NODE_OPTIONS.
 */
const nodeFlags: Record<Part['role'], readonly string[]> = {
  master: ['--max-semi-space-size=2', '--v8-pool-size=1', '--max-old-space-size=512'],
  worker: ['--max-semi-space-size=1', '--v8-pool-size=1', '--max-old-space-size=256'],
};

/** A process just started, and where its words begin in its log. */
export interface StartedProcess extends ProcessId {
  readonly logStart: number;
}

/** Starts a part, detached, with its output in its log file. */
export function startPart(context: Context, cluster: Cluster, part: Part): StartedProcess {
  const dir = partDir(cluster, part.name);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const log = logFile(cluster, part.name);
  if (existsSync(log) && statSync(log).size > logBytesMax) renameSync(log, `${log}.1`);
  const output = openSync(log, 'a', 0o600);
  const logStart = fstatSync(output).size;
  const child = spawn(
    context.execPath,
    [...nodeFlags[part.role], context.program, part.role, part.name, '--data-dir', cluster.dir],
    { cwd: cluster.dir, detached: true, stdio: ['ignore', output, output] },
  );
  closeSync(output);
  child.unref();
  const pid = child.pid ?? 0;
  const id = { pid, startTime: startTimeOf(pid) ?? '' };
  writeFileSync(pidFile(cluster, part.name), JSON.stringify(id), { mode: 0o600 });
  return { ...id, logStart };
}

/** The part's process where it is alive; never somebody else's that got its pid. */
export function runningProcess(cluster: Cluster, name: string): ProcessId | undefined {
  const id = readProcessId(pidFile(cluster, name));
  return id && isAlive(id) ? id : undefined;
}

export function forgetProcess(cluster: Cluster, name: string): void {
  rmSync(pidFile(cluster, name), { force: true });
}

function readProcessId(file: string): ProcessId | undefined {
  try {
    const id = JSON.parse(readFileSync(file, 'utf8')) as Partial<ProcessId>;
    return typeof id.pid === 'number' && typeof id.startTime === 'string'
      ? { pid: id.pid, startTime: id.startTime }
      : undefined;
  } catch {
    // No file, or one that a crash cut short: no process that we know of.
    return undefined;
  }
}

export function isAlive(id: ProcessId): boolean {
  return id.pid > 0 && startTimeOf(id.pid) === id.startTime;
}

/** When a process started, or undefined where there is none (a zombie counts as none). */
export function startTimeOf(pid: number): string | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined;
  }
}

/** The command name may hold spaces and brackets: fields are counted from its last bracket. */
export function parseStat(stat: string): string | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' ? undefined : fields[19];
}

/** Sends a signal to that process and no other; false where it is gone. */
export function signalProcess(
  host: Pick<NodeJS.Process, 'kill'>,
  id: ProcessId,
  signal: NodeJS.Signals,
): boolean {
  if (!isAlive(id)) return false;
  try {
    return host.kill(id.pid, signal);
  } catch {
    // It went between the look and the signal.
    return false;
  }
}

/** Resident memory in bytes, 0 where the process is gone. */
export function residentBytes(pid: number): number {
  try {
    const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Number(line?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
