import { readFileSync } from 'node:fs';
import { formatLogLine } from '#shared/runtime';
import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';
import { addressesOf, type Part } from './layout.ts';
import { findPortOwner, isTaken, splitAddress } from './ports.ts';
import { isAlive, type ProcessId, startPart } from './processes.ts';
import { createProgress, formatSeconds, type Progress } from './progress.ts';
import { clearReady, readReady, readyStep } from './readiness.ts';
import { type Cluster, logFile } from './state.ts';

/** A member waits for a quorum to be ready; without one it never will be. */
const readyTimeoutMs = 60_000;
const pollMs = 15;

export interface BringUpOptions {
  /** False: only start them. */
  readonly wait: boolean;
  /** Called once, when all have been started and none is ready. */
  readonly onStarted?: () => void;
  /** Called once, while the others are still starting. */
  readonly onFirstReady?: () => void;
}

/** Starts these parts at once, in no order, and resolves when each says that it is ready. */
export async function bringUp(
  context: Context,
  cluster: Cluster,
  parts: readonly Part[],
  options: BringUpOptions = { wait: true },
): Promise<void> {
  await refuseTakenPorts(parts);
  const progress = createProgress(
    context.out,
    parts.map((part) => part.name),
  );
  const startedAt = context.clock.monotonic();
  const starting = parts.map((part) => {
    clearReady(cluster, part.name);
    const process = startPart(context, cluster, part);
    return { part, process, startedAt, logStart: process.logStart };
  });
  options.onStarted?.();
  if (!options.wait) {
    for (const { part, process } of starting) {
      progress.done(part.name, `started (pid ${process.pid})`);
    }
    return;
  }
  context.onInterrupt(() => {
    context.err.write('\nInterrupted: what was started goes on. See `quorate status`.\n');
  });
  let firstReady = options.onFirstReady;
  await Promise.all(
    starting.map(async (one) => {
      await waitReady(context, cluster, progress, one);
      firstReady?.();
      firstReady = undefined;
    }),
  );
}

interface Starting {
  readonly part: Part;
  readonly process: ProcessId;
  readonly startedAt: number;
  /** Size of the log before: what lies above it is an earlier run's story. */
  readonly logStart: number;
}

async function waitReady(
  context: Context,
  cluster: Cluster,
  progress: Progress,
  starting: Starting,
): Promise<void> {
  const { part, process, startedAt } = starting;
  const { clock } = context;
  let seen = 0;
  for (;;) {
    const steps = readReady(cluster, part.name, process.pid);
    const elapsedMs = clock.monotonic() - startedAt;
    if (steps.includes(readyStep)) {
      progress.done(part.name, `ready after ${formatSeconds(elapsedMs)} (pid ${process.pid})`);
      return;
    }
    if (steps.length > seen || seen === 0) {
      const upTo = steps.length === 0 ? 'starting' : `${steps.join(', ')} ready`;
      progress.update(part.name, upTo);
      seen = steps.length;
    }
    if (!isAlive(process)) {
      progress.failed(part.name, 'died while starting');
      throw startFailure(cluster, starting, 'died while it started');
    }
    if (elapsedMs > readyTimeoutMs) {
      progress.failed(part.name, `not ready after ${formatSeconds(elapsedMs)}`);
      throw startFailure(cluster, starting, 'is not ready, and still runs');
    }
    await clock.sleep(pollMs);
  }
}

/** The end of its log says why; that is what the person wants to read. */
function startFailure(cluster: Cluster, { part, logStart }: Starting, what: string): CommandError {
  const log = logFile(cluster, part.name);
  const lines = tailOf(log, logStart, 12).map((line) => `  ${formatLogLine(line)}`);
  return new CommandError(`${part.name} ${what}. The end of its log:\n${lines.join('\n')}`, {
    hint: `The whole log: ${log}`,
  });
}

/** The last lines of what was written after `start` (bytes). */
function tailOf(file: string, start: number, lines: number): string[] {
  try {
    return readFileSync(file).subarray(start).toString().trimEnd().split('\n').slice(-lines);
  } catch {
    return ['(there is no log)'];
  }
}

async function refuseTakenPorts(parts: readonly Part[]): Promise<void> {
  const wanted = parts.flatMap((part) =>
    addressesOf(part).map(({ use, address }) => ({ part, use, address })),
  );
  const taken = await Promise.all(wanted.map(({ address }) => isTaken(address)));
  const problems = wanted.filter((_, i) => taken[i] === true);
  if (problems.length === 0) return;
  const byOwner = Map.groupBy(problems, ({ address }) => ownerOf(address));
  const lines = [...byOwner].map(([owner, ports]) => {
    const list = ports.map(({ part, use, address }) => `${address} (${part.name} ${use})`);
    return `  ${list.join(', ')}: held by ${owner}`;
  });
  throw new CommandError(`ports that the cluster needs are taken:\n${lines.join('\n')}`, {
    hint: 'Stop what holds them, or move the cluster: `quorate up --port-offset 100 --data-dir DIR`.',
  });
}

const commandCharsMax = 100;

function ownerOf(address: string): string {
  const owner = findPortOwner(splitAddress(address).port);
  if (!owner) return 'a process that is not yours to see';
  // Of our own processes the part and the directory say more than the flags of Node.js.
  const command = owner.command.replace(/^\S*node .*?\S+\.[jt]s (?=master |worker )/, 'quorate ');
  return `pid ${owner.pid} (${command.slice(0, commandCharsMax)})`;
}
