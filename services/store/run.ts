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
import { restore } from './member/restore.ts';
import { settle } from './options.ts';
import { createStore } from './server.ts';

/** One member of the store on its own, started as etcd is; see config.ts for its flags. */
export function runStore(
  host: HostProcess,
  env: Environment,
  args: readonly string[],
): Promise<void> {
  const bootLog = createLogger({ level: 'info', component: 'store' });
  const [verb, backupFile = '', ...rest] = args;
  const restores = verb === 'restore';
  return runMain(host, bootLog, async () => {
    const { flags, logLevel } = parseFlags(restores ? rest : args, env);
    const options = {
      ...flags,
      clock: systemClock,
      log: createLogger({ level: logLevel, component: 'store' }),
      rng: createRng(randomInt(2 ** 32)),
      onFatal: () => host.exit(exitCodes.failed),
    };
    if (!restores) return [createStore(options)];
    await restore(settle(options), backupFile);
    bootLog.info(
      { dataDir: flags.dataDir, backupFile },
      'restored: start the member with these flags',
    );
    host.exit(exitCodes.ok);
    return [];
  });
}
