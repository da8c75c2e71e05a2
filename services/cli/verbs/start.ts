import { Command } from 'commander';
import { bringUp } from '../cluster/bring-up.ts';
import { mastersOf, partsNamed } from '../cluster/layout.ts';
import { runningProcess } from '../cluster/processes.ts';
import { type Cluster, dataDir, requireCluster } from '../cluster/state.ts';
import type { Context } from '../context.ts';
import { addDataDir } from '../options.ts';

interface StartOptions {
  readonly dataDir?: string;
  readonly wait: boolean;
}

export function command(context: Context): Command {
  return addDataDir(new Command())
    .argument('<name...>', 'such as master-1 or worker-2')
    .option('--no-wait', 'do not wait until they are ready')
    .action((names: string[], options: StartOptions) => start(context, names, options));
}

async function start(
  context: Context,
  names: readonly string[],
  options: StartOptions,
): Promise<void> {
  const cluster = requireCluster(dataDir(options.dataDir, context.env, context.cwd));
  const parts = partsNamed(cluster.state.parts, names);
  const stopped = parts.filter((part) => {
    const process = runningProcess(cluster, part.name);
    if (process) context.out.write(`${part.name}: already running (pid ${process.pid})\n`);
    return !process;
  });
  const wait = options.wait && hasQuorum(cluster, names);
  await bringUp(context, cluster, stopped, { wait });
  if (!wait && stopped.length > 0 && options.wait) {
    context.out.write(
      '\nNot waiting: a majority of the masters must run before anything is ready. ' +
        'Start more of them, or all with `quorate up`.\n',
    );
  }
}

/** Whether a majority of the masters will run once these have started. */
export function hasQuorum(cluster: Cluster, starting: readonly string[]): boolean {
  const masters = mastersOf(cluster.state.parts);
  const running = masters.filter(
    ({ name }) => starting.includes(name) || runningProcess(cluster, name) !== undefined,
  );
  return running.length > masters.length / 2;
}
