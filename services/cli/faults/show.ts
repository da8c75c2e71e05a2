import { QuorateError } from '#shared/base';
import { type Fault, type FaultClient, faultText } from '#shared/faults';
import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';
import { formatTable } from '../print/table.ts';
import { FaultProcesses, type FaultTargetOptions } from './processes.ts';

/** Undefined where the process does not answer. One that refuses is said, and the verb has failed. */
async function ifAnswered<T>(
  context: Context,
  processes: FaultProcesses,
  name: string,
  use: (client: FaultClient) => Promise<T>,
): Promise<T | undefined> {
  try {
    return await processes.with(name, use);
  } catch (thrown) {
    if (QuorateError.is(thrown, 'unauthenticated')) {
      context.err.write(`error: ${name} refuses the token in its faults.endpoint\n`);
      context.setExitCode(1);
    }
    return undefined;
  }
}

/** What is set in each process; undefined where it does not answer. */
async function ask(
  context: Context,
  processes: FaultProcesses,
): Promise<[string, readonly Fault[] | undefined][]> {
  return Promise.all(
    processes.targets.map(async ({ name }): Promise<[string, readonly Fault[] | undefined]> => {
      const answer = await ifAnswered(context, processes, name, (client) => client.list());
      return [name, answer?.faults];
    }),
  );
}

export async function listFaults(
  context: Context,
  options: FaultTargetOptions & { output?: string },
): Promise<void> {
  const answers = await ask(context, new FaultProcesses(context, options));
  if (options.output === 'json') {
    const items = answers.map(([process, faults]) => ({
      process,
      answers: faults !== undefined,
      faults: faults ?? [],
    }));
    context.out.write(`${JSON.stringify(items, null, 2)}\n`);
    return;
  }
  const rows = answers.flatMap(([process, faults]) =>
    (faults ?? []).map((fault) => [
      `${process}/${fault.id}`,
      faultText(fault.spec),
      fault.remainingMs === undefined
        ? 'until healed'
        : `${(fault.remainingMs / 1000).toFixed(1)}s`,
      String(fault.hits),
      fault.survivesRestart ? 'yes' : 'no',
    ]),
  );
  const names = (answer: boolean): string =>
    answers
      .filter(([, faults]) => (faults !== undefined) === answer)
      .map(([process]) => process)
      .join(', ');
  const silence = `${names(false)}: stopped, paused, started without --enable-faults, or its faults.endpoint is not its own`;
  if (names(true) === '') throw new CommandError(`no answer from ${silence}`);
  if (rows.length > 0) {
    const header = ['fault', 'what', 'remaining', 'hits', 'survives restart'];
    context.out.write(formatTable(header, rows));
  } else if (names(false) === '') context.out.write('Nothing is broken.\n');
  else context.out.write(`Nothing is broken in ${names(true)}.\n`);
  if (names(false) !== '') context.err.write(`No answer from ${silence}.\n`);
}

/** `process`, `process/id`, or nothing for everything. */
export async function healFaults(
  context: Context,
  what: readonly string[],
  options: FaultTargetOptions & { partition?: string },
): Promise<void> {
  const processes = new FaultProcesses(context, options);
  const names = what.map((one) => one.split('/')[0] ?? '');
  for (const { name } of processes.named(names)) processes.wake(name);
  if (options.partition !== undefined) {
    await healPartition(context, processes, options.partition);
    return;
  }
  let healed = 0;
  for (const one of what) {
    const [name = '', id] = one.split('/');
    healed += await processes.with(name, (client) => client.heal(id));
  }
  if (what.length === 0) {
    for (const { name } of processes.targets) {
      // A process that is down has no faults but those that survive, which it was asked to keep.
      healed += (await ifAnswered(context, processes, name, (client) => client.heal())) ?? 0;
    }
  }
  context.out.write(`${healed} ${healed === 1 ? 'fault' : 'faults'} healed\n`);
}

async function healPartition(
  context: Context,
  processes: FaultProcesses,
  partition: string,
): Promise<void> {
  let healed = 0;
  for (const [process, faults] of await ask(context, processes)) {
    for (const { id, spec } of faults ?? []) {
      if (spec.kind !== 'link' || spec.partition !== partition) continue;
      healed += await processes.with(process, (client) => client.heal(id));
    }
  }
  if (healed === 0) throw new CommandError(`there is no partition named "${partition}"`);
  context.out.write(`partition ${partition} healed\n`);
}
