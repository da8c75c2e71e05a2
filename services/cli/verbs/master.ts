import { Command } from 'commander';
import type { MasterPart } from '../cluster/layout.ts';
import type { Context } from '../context.ts';
import { addDataDir } from '../options.ts';
import { type PartOptions, runPart } from '../part.ts';

export function command(context: Context): Command {
  return addDataDir(new Command())
    .argument('<name>', 'which one of the cluster, such as master-1')
    .option('--log-level <level>', 'debug, info, warn, error or silent (default: info)')
    .option('--log-format <format>', 'json or text (default: json)')
    .action((name: string, options: PartOptions) =>
      runPart<MasterPart>(context, 'master', name, options, async (part, description) => {
        const { buildMaster } = await import('../master.ts');
        return buildMaster(part, description);
      }),
    );
}
