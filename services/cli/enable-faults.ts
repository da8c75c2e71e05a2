import { randomInt } from 'node:crypto';
import { createRng } from '#shared/base';
import { type EnabledFaults, enableFaults } from '#shared/faults';
import type { Context } from './context.ts';

/** Makes this process one that can be broken on purpose; `dir` is its data directory. */
export function enableOwnFaults(
  context: Context,
  name: string,
  dir: string,
  listen: { readonly socket?: boolean } = {},
): EnabledFaults {
  const { clock, host, pid } = context;
  const own = {
    pid,
    kill: (id: number, signal: NodeJS.Signals) => host.kill(id, signal),
    exit: (code: number) => host.exit(code),
  };
  return enableFaults({ name, dir, clock, rng: createRng(randomInt(2 ** 32)), own, ...listen });
}
