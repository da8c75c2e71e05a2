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
    return { part, process: startPart(context, cluster, part) };
  });
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
      await waitReady(context, cluster, progress, { ...one, startedAt });
      firstReady?.();
      firstReady = undefined;
    }),
  );
}

interface Starting {
  readonly part: Part;
  readonly process: ProcessId;
  readonly startedAt: number;
}

async function waitReady(
  context: Context,
  cluster: Cluster,
  progress: Progress,
  { part, process, startedAt }: Starting,
): Promise<void> {
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
      throw startFailure(cluster, part, 'died while it started');
    }
    if (elapsedMs > readyTimeoutMs) {
      progress.failed(part.name, `not ready after ${formatSeconds(elapsedMs)}`);
      throw startFailure(cluster, part, 'is not ready, and still runs');
    }
    await clock.sleep(pollMs);
  }
}

/** The end of its log says why; that is what the person wants to read. */
function startFailure(cluster: Cluster, part: Part, what: string): CommandError {
  const log = logFile(cluster, part.name);
  const lines = tailOf(log, 12).map((line) => `  ${formatLogLine(line)}`);
  return new CommandError(`${part.name} ${what}. The end of its log:\n${lines.join('\n')}`, {
    hint: `The whole log: ${log}`,
  });
}

function tailOf(file: string, lines: number): string[] {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-lines);
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
  const lines = problems.map(({ part, use, address }) => {
    const owner = findPortOwner(splitAddress(address).port);
    const who = owner
      ? `pid ${owner.pid} (${owner.command})`
      : 'a process that is not yours to see';
    return `  ${address} (${part.name}, ${use}): held by ${who}`;
  });
  throw new CommandError(`ports that the cluster needs are taken:\n${lines.join('\n')}`, {
    hint: 'Stop what holds them, or move the cluster: `quorate up --port-offset 100 --data-dir DIR`.',
  });
}
