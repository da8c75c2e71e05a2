import { randomInt, randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { createRng } from '#shared/base';
import { createGrpcApiClient } from '#shared/client';
import { systemClock } from '#shared/clock';
import { createLogger, runMain } from '#shared/runtime';
import { parseFlags } from './flags.ts';
import { createScheduler } from './server.ts';

/** A scheduler on its own: `--servers host:port,…`, see flags.ts. */
const log = createLogger({ level: 'info', component: 'scheduler' });
await runMain(process, log, () => {
  const { servers, tls, config } = parseFlags(process.argv.slice(2), process.env);
  const clock = systemClock;
  const scheduler = createScheduler({
    api: createGrpcApiClient({ servers, clock, tls }),
    clock,
    log,
    identity: `${hostname()}_${randomUUID()}`,
    rng: createRng(randomInt(2 ** 32)),
    config,
  });
  return Promise.resolve([scheduler]);
});
