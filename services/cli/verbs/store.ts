import { Command } from 'commander';
import type { Context } from '../context.ts';

/** One member of the store on its own, with etcd's flags; they are read by the store itself. */
export function command(context: Context): Command {
  return new Command()
    .allowUnknownOption()
    .helpOption(false)
    .argument('[flags...]', "etcd's flags, such as --name and --data-dir")
    .action(async (flags: string[]) => {
      const { runStore } = await import('#services/store');
      const { host, out, err } = context;
      await runStore({ program: host, out, err }, context.env, flags);
    });
}
