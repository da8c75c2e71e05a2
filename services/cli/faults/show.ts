import { type Fault, faultText } from '#shared/faults';
import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';
import { formatTable } from '../print/table.ts';
import { FaultProcesses, type FaultTargetOptions } from './processes.ts';

/** What is set in each process; undefined where it does not answer. */
async function ask(processes: FaultProcesses): Promise<[string, Fault[] | undefined][]> {
  return Promise.all(
    processes.targets.map(async ({ name }): Promise<[string, Fault[] | undefined]> => {
      const faults = await processes.with(name, (client) => client.list()).catch(() => undefined);
      return [name, faults?.faults];
    }),
  );
}

export async function listFaults(
  context: Context,
  options: FaultTargetOptions & { output?: string },
): Promise<void> {
  const answers = await ask(new FaultProcesses(context, options));
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
      healed += await processes.with(name, (client) => client.heal()).catch(() => 0);
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
  for (const [process, faults] of await ask(processes)) {
    for (const { id, spec } of faults ?? []) {
      if (spec.kind !== 'link' || spec.partition !== partition) continue;
      healed += await processes.with(process, (client) => client.heal(id));
    }
  }
  if (healed === 0) throw new CommandError(`there is no partition named "${partition}"`);
  context.out.write(`partition ${partition} healed\n`);
}
