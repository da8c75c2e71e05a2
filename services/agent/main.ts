import { createGrpcApiClient } from '#shared/client';
import { systemClock } from '#shared/clock';
import { createLogger, runMain } from '#shared/runtime';
import { parseFlags } from './flags.ts';
import { createAgent } from './server.ts';
import { systemHost } from './system-host.ts';

/** An agent on its own: `--servers host:port,… --node-name … --data-dir …`, see flags.ts. */
const log = createLogger({ level: 'info', component: 'agent' });
await runMain(process, log, () => {
  const { servers, tls, nodeName, config, dataDir, listen } = parseFlags(
    process.argv.slice(2),
    process.env,
  );
  const clock = systemClock;
  const agent = createAgent({
    api: createGrpcApiClient({ servers, clock, tls }),
    nodeName,
    host: systemHost({
      dataDir,
      listen,
      hostEnvironment: process.env,
      execPath: process.execPath,
    }),
    config,
    clock,
    log,
  });
  return Promise.resolve([agent]);
});
