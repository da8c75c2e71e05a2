import { Command } from 'commander';
import { partsNamed } from '../cluster/layout.ts';
import { dataDir, requireCluster } from '../cluster/state.ts';
import { killPart } from '../cluster/take-down.ts';
import type { Context } from '../context.ts';
import { addDataDir } from '../options.ts';

interface KillOptions {
  readonly dataDir?: string;
  readonly agentOnly?: boolean;
}

export function command(context: Context): Command {
  return addDataDir(new Command())
    .argument('<name...>', 'such as master-1 or worker-2')
    .option('--agent-only', "kill a worker's agent and leave its pods running")
    .action(async (names: string[], options: KillOptions) => {
      const cluster = requireCluster(dataDir(options.dataDir, context.env, context.cwd));
      const parts = partsNamed(cluster.state.parts, names);
      const agentOnly = options.agentOnly === true;
      const results = await Promise.all(
        parts.map((part) => killPart(context, cluster, part, { agentOnly })),
      );
      parts.forEach((part, i) => {
        const { process, containers } = results[i] ?? { process: undefined, containers: 0 };
        const what = process ? `killed (pid ${process.pid})` : 'was not running';
        const pods = containers === 0 ? '' : `, and ${containers} of its containers`;
        context.out.write(`${part.name}: ${what}${pods}\n`);
      });
      context.out.write(`Start again with: quorate start ${names.join(' ')}\n`);
    });
}
