import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import type { Context } from '../context.ts';

/**
 * The simulator, in a process of its own: it plants bugs into modules as they are loaded, which those
 * of this command are already. It reads its own flags.
 */
export function command(context: Context): Command {
  return new Command()
    .allowUnknownOption()
    .helpOption(false)
    .argument('[flags...]', 'see `quorate simulate --help`')
    .action(async (flags: string[]) => {
      const door = import.meta.resolve('#services/simulator');
      const main = fileURLToPath(door.replace(/index(\.[jt]s)$/, 'main$1'));
      const child = spawn(context.execPath, [...process.execArgv, main, ...flags], {
        stdio: 'inherit',
      });
      context.onInterrupt(() => void child.kill('SIGINT'));
      const [code] = (await once(child, 'exit')) as [number | null];
      context.setExitCode(code ?? 1);
    });
}
