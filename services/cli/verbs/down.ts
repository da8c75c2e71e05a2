import { Command } from 'commander';
import { dataDir, purge, readCluster } from '../cluster/state.ts';
import { takeDown } from '../cluster/take-down.ts';
import { runningContainers } from '../cluster/pods.ts';
import { runningProcess } from '../cluster/processes.ts';
import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';
import { addDataDir } from '../options.ts';
import { existsSync, readdirSync } from 'node:fs';

interface DownOptions {
  readonly dataDir?: string;
  readonly purge?: boolean;
}

export function command(context: Context): Command {
  return addDataDir(new Command())
    .option('--purge', 'remove the data directory too')
    .action((options: DownOptions) => down(context, options));
}

async function down(context: Context, options: DownOptions): Promise<void> {
  const dir = dataDir(options.dataDir, context.env, context.cwd);
  const cluster = readCluster(dir);
  if (!cluster) {
    if (options.purge && existsSync(dir) && readdirSync(dir).length > 0) {
      throw new CommandError(
        `${dir} is not the directory of a quorate cluster; nothing is removed`,
      );
    }
    context.out.write(`There is no cluster in ${dir}.\n`);
    return;
  }
  const running = cluster.state.parts.filter(
    (part) =>
      runningProcess(cluster, part.name) !== undefined ||
      (part.role === 'worker' && runningContainers(cluster, part.name).length > 0),
  );
  if (running.length === 0) context.out.write('The cluster is not running.\n');
  else await takeDown(context, cluster, running, { agentOnly: false });
  if (options.purge) {
    purge(cluster);
    context.out.write(`Removed ${dir}.\n`);
  } else if (running.length > 0) {
    context.out.write(`\nThe cluster is down; its data stays in ${dir}.\n`);
  }
}
