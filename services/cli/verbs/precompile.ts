import { Command } from 'commander';
import type { Context } from '../context.ts';
import type { VerbEntry } from '../verb.ts';

/**
 * Loads everything and does nothing: the compile cache then holds all of it, and the first `up` after
 * a build, five processes at once, need not compile it five times.
 */
export function command(_context: Context, verbs: readonly VerbEntry[]): Command {
  return new Command().action(async () => {
    for (const verb of verbs) await verb.load();
    await import('../master.ts');
    await import('../worker.ts');
  });
}
