import { createGrpcApiClient } from '#shared/client';
import { systemClock } from '#shared/clock';
import { createLogger, runMain } from '#shared/runtime';
import { parseFlags } from './flags.ts';
import { createProxy } from './server.ts';

/** A proxy on its own: `--servers host:port,…`, see flags.ts. */
const log = createLogger({ level: 'info', component: 'proxy' });
await runMain(process, log, () => {
  const { servers, tls, nodeName, config } = parseFlags(process.argv.slice(2), process.env);
  const clock = systemClock;
  const api = createGrpcApiClient({ servers, clock, tls });
  return Promise.resolve([createProxy({ api, clock, log, nodeName, config })]);
});
