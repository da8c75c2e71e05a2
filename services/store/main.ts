import { createRng } from '#shared/base';
import { systemClock } from '#shared/clock';
import { createLogger, exitCodes, runMain } from '#shared/runtime';
import { parseFlags } from './config.ts';
import { createStore } from './server.ts';

/** One member of the store on its own, started as etcd is; see config.ts for its flags. */
const bootLog = createLogger({ level: 'info', component: 'store' });
await runMain(process, bootLog, () => {
  const { flags, logLevel } = parseFlags(process.argv.slice(2), process.env);
  const store = createStore({
    ...flags,
    clock: systemClock,
    log: createLogger({ level: logLevel, component: 'store' }),
    rng: createRng((process.pid ^ Date.now()) >>> 0),
    onFatal: () => process.exit(exitCodes.failed),
  });
  return Promise.resolve([store]);
});
