import { Command } from 'commander';
import type { WorkerPart } from '../cluster/layout.ts';
import type { Context } from '../context.ts';
import { addDataDir } from '../options.ts';
import { type PartOptions, runPart } from '../part.ts';

export function command(context: Context): Command {
  return addDataDir(new Command())
    .argument('<name>', 'which one of the cluster, such as worker-1')
    .option('--log-level <level>', 'debug, info, warn, error or silent (default: info)')
    .option('--log-format <format>', 'json or text (default: json)')
    .action((name: string, options: PartOptions) =>
      runPart<WorkerPart>(context, 'worker', name, options, async (part, description) => {
        const { buildWorker } = await import('../worker.ts');
        return buildWorker(part, description);
      }),
    );
}
