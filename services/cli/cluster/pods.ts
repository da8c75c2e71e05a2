import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '../context.ts';
import { isAlive, type ProcessId, startTimeOf } from './processes.ts';
import { type Cluster, storageDir } from './state.ts';

/**
 * A container of a worker, as its agent has it on record in
 * `pods/<uid>/<container>/<attempt>/pid`: `<shim pid> <start> <command pid> <start> <boot id>`.
 */
export interface ContainerProcess {
  /** Leads the container's process group. */
  readonly shim: ProcessId;
  readonly command: ProcessId;
}

/** What `docker stop` and a pod without a grace period of its own would be given in a hurry. */
const graceMs = 5_000;
const pollMs = 15;

/** What it takes to end processes. */
type Ender = Pick<Context, 'clock'> & { readonly host: Pick<Context['host'], 'kill'> };

/** The containers that run now on a worker, whether its agent does or not. */
export function runningContainers(cluster: Cluster, worker: string): ContainerProcess[] {
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return recordFiles(join(storageDir(cluster, worker), 'pods'))
    .map((file) => parseRecord(readRecord(file), bootId))
    .filter((found) => found !== undefined)
    .filter(({ shim, command }) => isAlive(shim) || isAlive(command));
}

/** Stops a worker's containers as a machine that shuts down does: SIGTERM, then SIGKILL. */
export async function stopPods(context: Ender, cluster: Cluster, worker: string): Promise<number> {
  const containers = runningContainers(cluster, worker);
  for (const { command } of containers) signal(context, command, 'SIGTERM');
  const deadline = context.clock.monotonic() + graceMs;
  // The shim lives until it has written the exit code down.
  while (containers.some(({ shim }) => isAlive(shim)) && context.clock.monotonic() < deadline) {
    await context.clock.sleep(pollMs);
  }
  for (const container of containers) killGroup(context, container);
  return containers.length;
}

/** Kills a worker's containers as a machine that dies does. */
export function killPods(context: Ender, cluster: Cluster, worker: string): number {
  const containers = runningContainers(cluster, worker);
  for (const container of containers) killGroup(context, container);
  return containers.length;
}

function recordFiles(podsDir: string): string[] {
  return foldersIn(podsDir)
    .flatMap(foldersIn)
    .flatMap(foldersIn)
    .map((attempt) => join(attempt, 'pid'));
}

function foldersIn(dir: string): string[] {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(dir, entry.name));
  } catch {
    // Removed by the agent in between, or never there.
    return [];
  }
}

function readRecord(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    // Created and not started.
    return '';
  }
}

export function parseRecord(text: string, bootId: string): ContainerProcess | undefined {
  const [shimPid, shimStart, pid, start, boot] = text.trim().split(' ');
  if (!shimStart || !start || boot !== bootId) return undefined;
  return {
    shim: { pid: Number(shimPid), startTime: shimStart },
    command: { pid: Number(pid), startTime: start },
  };
}

/** The group lives as long as one process in it: the shim's or the command's life proves it ours. */
function killGroup(context: Ender, { shim, command }: ContainerProcess): void {
  if (isAlive(shim) || isAlive(command)) send(context, -shim.pid, 'SIGKILL');
}

function signal(context: Ender, id: ProcessId, name: NodeJS.Signals): void {
  if (startTimeOf(id.pid) === id.startTime) send(context, id.pid, name);
}

function send(context: Ender, pid: number, name: NodeJS.Signals): void {
  try {
    context.host.kill(pid, name);
  } catch {
    // Gone between the look and the signal: what was wanted.
  }
}
