import { Command } from 'commander';
import { bringUp } from '../cluster/bring-up.ts';
import { partsNamed } from '../cluster/layout.ts';
import { dataDir, requireCluster } from '../cluster/state.ts';
import { takeDown } from '../cluster/take-down.ts';
import type { Context } from '../context.ts';
import { addDataDir } from '../options.ts';
import { hasQuorum } from './start.ts';

interface RestartOptions {
  readonly dataDir?: string;
  readonly agentOnly?: boolean;
}

export function command(context: Context): Command {
  return addDataDir(new Command())
    .argument('<name...>', 'such as master-1 or worker-2')
    .option('--agent-only', "leave a worker's pods running; its agent adopts them when it is back")
    .action(async (names: string[], options: RestartOptions) => {
      const cluster = requireCluster(dataDir(options.dataDir, context.env, context.cwd));
      const parts = partsNamed(cluster.state.parts, names);
      await takeDown(context, cluster, parts, { agentOnly: options.agentOnly === true });
      await bringUp(context, cluster, parts, { wait: hasQuorum(cluster, names) });
    });
}
