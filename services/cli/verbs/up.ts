import { Command } from 'commander';
import { setting } from '#shared/runtime';
import { bringUp } from '../cluster/bring-up.ts';
import { ensureCertificates } from '../cluster/certificates.ts';
import { addStore, externalStore, type StoreFlags } from '../cluster/external-store.ts';
import { layOut, mastersOf, partsMax, workersOf } from '../cluster/layout.ts';
import { checkNetworks, checkPortRange } from '../cluster/networks.ts';
import { runningProcess } from '../cluster/processes.ts';
import {
  type Cluster,
  dataDir,
  readCluster,
  refuseForeignDirectory,
  writeCluster,
} from '../cluster/state.ts';
import { describeCluster, nextSteps } from '../cluster/summary.ts';
import { waitForNodes } from '../cluster/wait-for-nodes.ts';
import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';
import { integerFlag } from '../flags.ts';
import { addDataDir } from '../options.ts';
import { formatSeconds } from '../cluster/progress.ts';

interface UpOptions extends StoreFlags {
  readonly dataDir?: string;
  readonly masters?: string;
  readonly workers?: string;
  readonly portOffset?: string;
  readonly podCidr?: string;
  readonly serviceCidr?: string;
  readonly serviceNodePortRange?: string;
  readonly enableFaults?: boolean;
}

export function command(context: Context): Command {
  return addStore(addDataDir(new Command()))
    .option('--masters <count>', 'masters, each with a member of the store (default: 3)')
    .option('--workers <count>', 'workers, each a node (default: 2)')
    .option('--port-offset <number>', 'added to every port (default: 0)')
    .option('--pod-cidr <cidr>', 'loopback network of pods (default: 127.64.0.0/11)')
    .option('--service-cidr <cidr>', 'loopback network of services (default: 127.96.0.0/16)')
    .option(
      '--service-node-port-range <first-last>',
      'ports of NodePort services (default: 30000-32767)',
    )
    .option('--enable-faults', 'let its processes be broken on purpose: see `quorate fault`')
    .action((options: UpOptions) => up(context, options));
}

async function up(context: Context, options: UpOptions): Promise<void> {
  const startedAt = context.clock.monotonic();
  const dir = dataDir(options.dataDir, context.env, context.cwd);
  const wanted = describeWanted(context, dir, options);
  const existing = readCluster(dir);
  if (existing) refuseOtherShape(existing, wanted, context, options);
  else refuseForeignDirectory(dir);
  const cluster = withFaults(existing ?? wanted, options, context);
  const missing = cluster.state.parts.filter((part) => !runningProcess(cluster, part.name));
  if (missing.length === 0) {
    context.out.write(`The cluster is already running in ${dir}.\n\n`);
  } else {
    if (cluster !== existing) writeCluster(cluster);
    if (existing && missing.length < cluster.state.parts.length) {
      context.out.write(`The cluster is already running; starting what is missing.\n`);
    }
    // What is there may be due for renewal, which is seldom: looked at before anything reads it.
    if (existing) await ensureCertificates(cluster, context.clock.now());
    // In a new cluster all wait for their certificates with all else up: made while they start.
    let certificates = Promise.resolve();
    const onStarted = (): void => {
      if (existing) return;
      certificates = ensureCertificates(cluster, context.clock.now());
      certificates.catch(() => undefined);
    };
    // Asking the API takes a connection and its code: made while the last parts still start.
    let nodesReady = Promise.resolve();
    const onFirstReady = (): void => {
      nodesReady = certificates.then(() => waitForNodes(context, cluster));
      // A part that does not start is the better explanation, and comes first.
      nodesReady.catch(() => undefined);
    };
    await bringUp(context, cluster, missing, { wait: true, onStarted, onFirstReady });
    await Promise.all([certificates, nodesReady]);
    const elapsed = formatSeconds(context.clock.monotonic() - startedAt);
    context.out.write(`\nThe cluster is ready after ${elapsed}.\n\n`);
  }
  context.out.write(describeCluster(cluster));
  context.out.write(`\n${nextSteps(context, cluster, options.dataDir)}`);
}

/** Once enabled they stay so; processes that run already learn it at their next start. */
function withFaults(cluster: Cluster, options: UpOptions, { env }: Context): Cluster {
  const wanted = options.enableFaults ?? setting('--enable-faults', undefined, env) === 'true';
  if (!wanted || cluster.state.faults) return cluster;
  return { ...cluster, state: { ...cluster.state, faults: true } };
}

function describeWanted(context: Context, dir: string, options: UpOptions): Cluster {
  const integer = (
    flag: string,
    given: string | undefined,
    standard: number,
    min: number,
    max: number,
  ): number => {
    const value = setting(flag, given, context.env);
    return value === undefined ? standard : integerFlag(flag, value, min, max);
  };
  const parts = layOut({
    masters: integer('--masters', options.masters, 3, 1, partsMax),
    workers: integer('--workers', options.workers, 2, 0, partsMax),
    portOffset: integer('--port-offset', options.portOffset, 0, -20_000, 38_000),
  });
  const text = (flag: string, given: string | undefined, standard: string): string =>
    setting(flag, given, context.env) ?? standard;
  const store = externalStore(context, options);
  const flag = '--service-node-port-range';
  const nodePortRange = checkPortRange(
    flag,
    setting(flag, options.serviceNodePortRange, context.env),
  );
  const state = {
    version: 1,
    createdAt: new Date(context.clock.now()).toISOString(),
    podCidr: text('--pod-cidr', options.podCidr, '127.64.0.0/11'),
    serviceCidr: text('--service-cidr', options.serviceCidr, '127.96.0.0/16'),
    ...(nodePortRange !== undefined && { nodePortRange }),
    parts,
    ...(store && { store }),
  } as const;
  checkNetworks(state.podCidr, state.serviceCidr, workersOf(parts).length);
  return { dir, state };
}

/** What is on disk was made for one shape; flags that say another are not ignored in silence. */
function refuseOtherShape(
  existing: Cluster,
  wanted: Cluster,
  context: Context,
  options: UpOptions,
): void {
  const flags: [flag: string, given: string | undefined, of: (cluster: Cluster) => unknown][] = [
    ['--masters', options.masters, ({ state }) => mastersOf(state.parts).length],
    ['--workers', options.workers, ({ state }) => workersOf(state.parts).length],
    ['--port-offset', options.portOffset, ({ state }) => mastersOf(state.parts)[0]?.client],
    ['--pod-cidr', options.podCidr, ({ state }) => state.podCidr],
    ['--service-cidr', options.serviceCidr, ({ state }) => state.serviceCidr],
    [
      '--service-node-port-range',
      options.serviceNodePortRange,
      ({ state }) => state.nodePortRange ?? '30000-32767',
    ],
    [
      '--store-endpoints',
      options.storeEndpoints,
      ({ state }) => state.store?.endpoints.join(',') ?? 'a store of its own',
    ],
  ];
  const other = flags.find(
    ([flag, given, of]) =>
      setting(flag, given, context.env) !== undefined && of(existing) !== of(wanted),
  );
  if (!other) return;
  const [flag, , of] = other;
  throw new CommandError(
    `the cluster in ${existing.dir} was made with another ${flag}: it has ${String(of(existing))}`,
    {
      hint:
        `Leave ${flag} out, choose another --data-dir, or remove that cluster and its data with ` +
        '`quorate down --purge`.',
    },
  );
}
