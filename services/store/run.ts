import { randomInt } from 'node:crypto';
import { createRng } from '#shared/base';
import { systemClock } from '#shared/clock';
import {
  createLogger,
  type Environment,
  exitCodes,
  type HostProcess,
  runMain,
} from '#shared/runtime';
import { parseFlags } from './config.ts';
import { createStore } from './server.ts';

/** One member of the store on its own, started as etcd is; see config.ts for its flags. */
export function runStore(
  host: HostProcess,
  env: Environment,
  args: readonly string[],
): Promise<void> {
  const bootLog = createLogger({ level: 'info', component: 'store' });
  return runMain(host, bootLog, () => {
    const { flags, logLevel } = parseFlags(args, env);
    const store = createStore({
      ...flags,
      clock: systemClock,
      log: createLogger({ level: logLevel, component: 'store' }),
      rng: createRng(randomInt(2 ** 32)),
      onFatal: () => host.exit(exitCodes.failed),
    });
    return Promise.resolve([store]);
  });
}
