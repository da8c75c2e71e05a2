import type { EnabledFaults } from '#shared/faults';
import {
  createLogger,
  exitCodes,
  type Logger,
  logFormats,
  logLevels,
  runMain,
  type Service,
  setting,
} from '#shared/runtime';
import { type Part, partsNamed } from './cluster/layout.ts';
import { readyStep, reportReady } from './cluster/readiness.ts';
import { type Cluster, dataDir, partDir, requireCluster } from './cluster/state.ts';
import { describeError } from './command-error.ts';
import type { Context } from './context.ts';
import { enableOwnFaults } from './enable-faults.ts';
import { choiceFlag } from './flags.ts';

/** What a master or worker process is built from. */
export interface PartContext {
  readonly context: Context;
  readonly cluster: Cluster;
  readonly log: Logger;
  readonly ready: ReadySteps;
  /** Only where the cluster was started with --enable-faults. */
  readonly faults: EnabledFaults | undefined;
}

/** Tells whoever started the process how far it is. */
export interface ReadySteps {
  /** The same service, whose start is reported under this name. */
  after(step: string, service: Service): Service;
  /** Reports that everything is ready once `fact` holds, without holding up the start. */
  allAfter(fact: Promise<unknown>): Service;
}

export interface PartOptions {
  readonly dataDir?: string;
  readonly logLevel?: string;
  readonly logFormat?: string;
}

/** The life of a master or worker process, from its flags to its exit code. */
export async function runPart<P extends Part>(
  context: Context,
  role: P['role'],
  name: string,
  options: PartOptions,
  build: (part: PartContext, description: P) => Promise<readonly Service[]>,
): Promise<void> {
  const { env, host } = context;
  try {
    const cluster = requireCluster(dataDir(options.dataDir, env, context.cwd));
    const [description] = partsNamed(cluster.state.parts, [name]);
    if (description?.role !== role) throw new Error(`${name} is not a ${role}`);
    const level = setting('--log-level', options.logLevel, env) ?? 'info';
    const format = setting('--log-format', options.logFormat, env) ?? 'json';
    const log = createLogger({
      component: name,
      level: choiceFlag('--log-level', level, logLevels),
      format: choiceFlag('--log-format', format, logFormats),
    });
    const ready = readySteps(cluster, name, context.pid);
    await runMain(host, log, async () => {
      const { faults: enabled } = cluster.state;
      const socket = enabled === 'socket';
      const faults = enabled
        ? enableOwnFaults(context, name, partDir(cluster, name), { socket })
        : undefined;
      const bent = faults ? { ...context, clock: faults.clock } : context;
      const part = { context: bent, cluster, log, ready, faults };
      const services = await build(part, description as P);
      return faults ? [faults.service, ...services] : services;
    });
  } catch (error) {
    context.err.write(`${describeError(error)}\n`);
    host.exit(exitCodes.failed);
  }
}

function readySteps(cluster: Cluster, name: string, pid: number): ReadySteps {
  const report = (step: string): void => reportReady(cluster, name, { pid, step });
  return {
    after: (step, service) => ({
      async start() {
        await service.start();
        report(step);
      },
      stop: () => service.stop(),
    }),
    allAfter: (fact) => ({
      start() {
        void fact.then(() => report(readyStep));
        return Promise.resolve();
      },
      stop: () => Promise.resolve(),
    }),
  };
}
