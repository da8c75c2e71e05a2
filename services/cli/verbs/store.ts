import { Command } from 'commander';
import { setting, type StartSettings } from '#shared/runtime';
import type { Context } from '../context.ts';
import { enableOwnFaults } from '../enable-faults.ts';

/** Ours: the member can be broken on purpose, see `quorate fault`. */
const faultsFlag = '--enable-faults';

/**
 * Of Node.js: one helper thread for V8 (the kernel has the member wait behind them where there are few processors), and
 * a young generation that stays small, whose collections are short. Of glibc: what a start took and freed goes back.
 */
const settings: StartSettings = {
  flags: { '--v8-pool-size': '1', '--max-semi-space-size': '16' },
  env: { MALLOC_TRIM_THRESHOLD_: '16384', MALLOC_TOP_PAD_: '0' },
};

/** It is answered without a member. */
const isQuestion = (flag: string): boolean => /^--?(h|help|version)$/.test(flag);

/** One member of the store on its own, with etcd's flags; they are read by the store itself. */
export function command(context: Context): Command {
  return new Command()
    .allowUnknownOption()
    .helpOption(false)
    .argument('[flags...]', "etcd's flags, such as --name and --data-dir")
    .action(async (flags: string[]) => {
      if (!flags.some(isQuestion)) context.startAnew(settings);
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
