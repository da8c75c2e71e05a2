import { Command } from 'commander';
import { setting } from '#shared/runtime';
import type { Context } from '../context.ts';
import { enableOwnFaults } from '../enable-faults.ts';

/** Ours: the member can be broken on purpose, see `quorate fault`. */
const faultsFlag = '--enable-faults';

/** One member of the store on its own, with etcd's flags; they are read by the store itself. */
export function command(context: Context): Command {
  return new Command()
    .allowUnknownOption()
    .helpOption(false)
    .argument('[flags...]', "etcd's flags, such as --name and --data-dir")
    .action(async (flags: string[]) => {
      const { runStore } = await import('#services/store');
      const { host, out, err, env } = context;
      const enabled = flags.includes(faultsFlag) || setting(faultsFlag, undefined, env) === 'true';
      const enableFaults = enabled
        ? (name: string, dir: string) => enableOwnFaults(context, name, dir)
        : undefined;
      const etcdFlags = flags.filter((flag) => flag !== faultsFlag);
      await runStore({ program: host, out, err, enableFaults }, env, etcdFlags);
    });
}
