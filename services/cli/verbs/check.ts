import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { decodeHistory, encodeHistory, type RecordedHistory } from '#shared/workload';
import { mastersOf } from '../cluster/layout.ts';
import { dataDir, requireCluster } from '../cluster/state.ts';
import { judge } from '../check/judge.ts';
import { runApiWorkload } from '../check/run-api-workload.ts';
import { runKvWorkload } from '../check/run-workload.ts';
import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';
import { asTyped, integerFlag } from '../flags.ts';
import { parseDuration } from '../objects/duration.ts';
import { addConnection, collect, type ConnectionOptions } from '../options.ts';

interface CheckOptions extends ConnectionOptions {
  readonly endpoints?: readonly string[];
  readonly api?: boolean;
  readonly duration: string;
  readonly clients: string;
  readonly exclusive?: boolean;
  readonly record?: string;
  readonly html?: string;
  readonly budget?: string;
}

export function command(context: Context): Command {
  return addConnection(new Command())
    .argument('[file]', 'a recorded history to judge, instead of putting load on a store')
    .option(
      '--endpoints <host:port,...>',
      "members of any etcd (default: the local cluster's)",
      collect,
    )
    .option('--api', 'objects of the API server instead of keys of the store')
    .option('--duration <duration>', 'how long to put load on it', '30s')
    .option('--clients <count>', 'each on one member, in turn', '8')
    .option('--exclusive', 'nobody else writes: every revision must be accounted for')
    .option('--record <file>', 'write the history down, one JSON record a line')
    .option('--html <file>', 'draw a timeline, with what contradicts itself marked')
    .option('--budget <states>', 'to try before the verdict is "undecided"')
    .addHelpText('after', exits)
    .action((file: string | undefined, options: CheckOptions) => check(context, file, options));
}

const exits = `
Exit codes:
  0  linearizable, and every watch guarantee kept
  1  could not be checked
  3  violated
  4  undecided`;

async function check(
  context: Context,
  file: string | undefined,
  options: CheckOptions,
): Promise<void> {
  const history =
    file === undefined ? await record(context, options) : readHistory(context, file, options);
  const write = (file: string | undefined, text: string): void => {
    if (file === undefined) return;
    writeFileSync(resolve(context.cwd, file), text);
    context.out.write(`wrote ${file}\n`);
  };
  write(options.record, encodeHistory(history));
  if (!history.operations.some(({ outcome }) => outcome === 'ok')) {
    throw new CommandError('nothing was acknowledged: there is nothing to check');
  }
  const budget =
    options.budget === undefined ? undefined : integerFlag('--budget', options.budget, 1, 1e9);
  const { exitCode, page } = judge(context, history, budget);
  write(options.html, page);
  context.setExitCode(exitCode);
}

/** Options that say what to load make no sense with a file. */
function readHistory(context: Context, file: string, options: CheckOptions): RecordedHistory {
  for (const flag of ['endpoints', 'api', 'record'] as const) {
    if (options[flag] === undefined) continue;
    throw new CommandError(`--${flag} puts load on a store, and ${file} has been recorded`);
  }
  let text = '';
  try {
    text = readFileSync(resolve(context.cwd, file), 'utf8');
  } catch (thrown) {
    throw new CommandError(thrown instanceof Error ? thrown.message : `cannot read ${file}`);
  }
  return asTyped(() => decodeHistory(text, file));
}

async function record(context: Context, options: CheckOptions): Promise<RecordedHistory> {
  const durationMs = parseDuration('--duration', options.duration);
  const clients = integerFlag('--clients', options.clients, 1, 1000);
  if (options.api) return runApiWorkload(context, options, clients, durationMs);
  const endpoints = options.endpoints ?? localEndpoints(context, options);
  const exclusive = options.exclusive === true;
  return runKvWorkload(context, { endpoints, clients, durationMs, exclusive });
}

function localEndpoints(context: Context, options: CheckOptions): string[] {
  const cluster = requireCluster(dataDir(options.dataDir, context.env, context.cwd));
  return mastersOf(cluster.state.parts).map(({ client }) => client);
}
