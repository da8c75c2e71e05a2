import { randomInt } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { lookup, resolveSrv } from 'node:dns/promises';
import { createRng, QuorateError } from '#shared/base';
import { systemClock } from '#shared/clock';
import type { EnabledFaults } from '#shared/faults';
import {
  createLogger,
  dropStartUpGarbage,
  type Environment,
  exitCodes,
  type HostProcess,
  type Logger,
  logDestination,
  runMain,
  version,
} from '#shared/runtime';
import { type Configuration, configure, type Flags } from './config.ts';
import { helpText, usage } from './flags/help.ts';
import { UsageError, wordsAmong } from './flags/parse.ts';
import { contractVersion } from './grpc/maintenance.ts';
import { type Dns, discoverBySrv } from './member/discover-srv.ts';
import { restore, type RestoreOptions } from './member/restore.ts';
import { settle } from './options.ts';
import { createStore } from './server.ts';

/** Where a command says what it has to say. */
export interface Output {
  write(text: string): unknown;
}

export interface StoreHost {
  readonly program: HostProcess;
  readonly out: Output;
  readonly err: Output;
  /** Given where the member is to be one that can be broken on purpose. */
  readonly enableFaults?: ((name: string, dir: string) => EnabledFaults) | undefined;
}

/** Exit code of Go's flag package for a command line that cannot be read. */
const usageCode = 2;

/** One member of the store on its own, started as etcd is; see flags/table.ts for its flags. */
export async function runStore(
  host: StoreHost,
  env: Environment,
  args: readonly string[],
): Promise<void> {
  if (answered(host, args)) return;
  try {
    const restoring = restoreOptions(args);
    const configuration = await configure(restoring?.flags ?? args, env);
    const log = loggerOf(configuration);
    for (const warning of configuration.warnings) log.warn({}, warning);
    const flags = await withDiscovery(configuration);
    if (restoring) await runRestore(host, log, flags, restoring.options);
    else {
      tellSettings(log, configuration.inForce, flags);
      await serve(host, log, flags);
    }
  } catch (thrown) {
    refuse(host, thrown);
  }
}

/** `restore FILE`, with the flags of a member and one of its own, before the file or after it. */
function restoreOptions(
  args: readonly string[],
): { options: RestoreOptions; flags: readonly string[] } | undefined {
  const [verb, ...rest] = args;
  if (verb !== 'restore') return undefined;
  const own = /^--?skip-hash-check(=true)?$/;
  const skipHashCheck = rest.some((arg) => own.test(arg));
  const { words, flags } = wordsAmong(rest.filter((arg) => !own.test(arg)));
  const [backupFile] = words;
  if (backupFile === undefined || words.length > 1) {
    throw new UsageError(
      'snapshot restore requires exactly one file: quorate store restore FILE …',
    );
  }
  return { options: { backupFile, skipHashCheck }, flags };
}

/** What needs no member at all. */
function answered({ program, out, err }: StoreHost, args: readonly string[]): boolean {
  const [first = ''] = args;
  if (args.some((arg) => ['-h', '-help', '--help'].includes(arg))) out.write(helpText());
  else if (['-version', '--version'].includes(first)) out.write(versionText);
  else if (['gateway', 'grpc-proxy'].includes(first)) {
    err.write(`quorate store ${first}: there are no proxies; clients take several --endpoints\n`);
    program.exit(exitCodes.failed);
    return true;
  } else return false;
  program.exit(exitCodes.ok);
  return true;
}

/** Scripts look for etcd's line. */
const versionText = `etcd Version: ${contractVersion}
Quorate Version: ${version}
`;

function refuse({ program, err }: StoreHost, thrown: unknown): void {
  if (thrown instanceof UsageError) {
    err.write(`${thrown.message}\n${usage}`);
    program.exit(usageCode);
    return;
  }
  err.write(`${QuorateError.from(thrown).message}\n`);
  program.exit(exitCodes.failed);
}

function loggerOf({ logging }: Configuration): Logger {
  const { level, format, outputs } = logging;
  const log = createLogger({ level, format, component: 'store' }, logDestination(outputs));
  // Whoever reads etcd's lines expects one of each.
  return format === 'json' ? log.child({ caller: 'store' }) : log;
}

/** As etcd tells them; what is derived where it is not said stands as it was derived. */
function tellSettings(log: Logger, inForce: Configuration['inForce'], flags: Flags): void {
  const { dataDir, listenPeerUrls, listenClientUrls } = flags;
  const derived = {
    'data-dir': dataDir,
    'initial-advertise-peer-urls': String(flags.initialAdvertisePeerUrls ?? listenPeerUrls),
    'advertise-client-urls': String(flags.advertiseClientUrls ?? listenClientUrls),
    'initial-cluster': Object.entries(flags.initialCluster)
      .flatMap(([name, urls]) => urls.map((url) => `${name}=${url}`))
      .join(','),
  };
  const versions = { 'etcd-version': contractVersion, 'quorate-version': version };
  log.info({ ...versions, ...inForce, ...derived }, 'starting an etcd server');
}

/** The flags, with the initial cluster as DNS has it where that is to be asked. */
async function withDiscovery({ flags, discoverySrv }: Configuration): Promise<Flags> {
  if (!discoverySrv) return flags;
  const dns: Dns = {
    srv: (service) => resolveSrv(service),
    addresses: async (host) => (await lookup(host, { all: true })).map(({ address }) => address),
  };
  const ownPeerUrls = flags.initialAdvertisePeerUrls ?? flags.listenPeerUrls;
  const { name } = flags;
  const initialCluster = await discoverBySrv(dns, { ...discoverySrv, name, ownPeerUrls });
  return { ...flags, initialCluster };
}

function serve(host: StoreHost, log: Logger, flags: Flags): Promise<void> {
  const onFatal = (): void => host.program.exit(exitCodes.failed);
  return runMain(host.program, log, async () => {
    const events = { onFatal, onLoaded: dropStartUpGarbage };
    if (!host.enableFaults) return [createStore({ ...flags, ...surroundings(log), ...events })];
    mkdirSync(flags.dataDir, { recursive: true, mode: 0o700 });
    const faults = host.enableFaults(flags.name, flags.dataDir);
    const store = createStore({
      ...(await behindGates(flags, faults)),
      ...surroundings(log),
      clock: faults.clock,
      faults: faults.plane,
      ...events,
    });
    return [faults.service, store];
  });
}

/** The client ports with gates before them; clients are told of the gates. */
async function behindGates(flags: Flags, faults: EnabledFaults): Promise<Flags> {
  const inner = flags.listenClientUrls.map(async (given) => {
    const url = new URL(given);
    return `${url.protocol}//${await faults.gateBefore('clients', url.host)}`;
  });
  return {
    ...flags,
    listenClientUrls: await Promise.all(inner),
    advertiseClientUrls: flags.advertiseClientUrls ?? flags.listenClientUrls,
  };
}

async function runRestore(
  { program }: StoreHost,
  log: Logger,
  flags: Flags,
  options: RestoreOptions,
): Promise<void> {
  await restore(settle({ ...flags, ...surroundings(log) }), options);
  const { backupFile } = options;
  log.info({ dataDir: flags.dataDir, backupFile }, 'restored: start the member with these flags');
  program.exit(exitCodes.ok);
}

function surroundings(log: Logger) {
  return { clock: systemClock, log, rng: createRng(randomInt(2 ** 32)) };
}
