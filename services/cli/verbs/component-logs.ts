import { Command } from 'commander';
import { formatLogLine, type LogFormat, logFormats } from '#shared/runtime';
import { followFile } from '../cluster/follow-file.ts';
import { partsNamed } from '../cluster/layout.ts';
import { dataDir, logFile, requireCluster } from '../cluster/state.ts';
import type { Context } from '../context.ts';
import { choiceFlag, integerFlag } from '../flags.ts';
import { addDataDir } from '../options.ts';

interface ComponentLogsOptions {
  readonly dataDir?: string;
  readonly follow?: boolean;
  readonly tail?: string;
  readonly logFormat: string;
}

export function command(context: Context): Command {
  return addDataDir(new Command())
    .argument('<name>', 'such as master-1 or worker-2')
    .option('-f, --follow', 'go on printing as lines come')
    .option('--tail <lines>', 'only so many of the last lines (default: all)')
    .option('--log-format <format>', 'text or json (as it is stored)', 'text')
    .action((name: string, options: ComponentLogsOptions) => printLog(context, name, options));
}

async function printLog(
  context: Context,
  name: string,
  options: ComponentLogsOptions,
): Promise<void> {
  const format = choiceFlag<LogFormat>('--log-format', options.logFormat, logFormats);
  const tail =
    options.tail === undefined
      ? undefined
      : integerFlag('--tail', options.tail, -1, Number.MAX_SAFE_INTEGER);
  const cluster = requireCluster(dataDir(options.dataDir, context.env, context.cwd));
  partsNamed(cluster.state.parts, [name]);
  const print = (line: string): void =>
    context.out.write(`${format === 'json' ? line : formatLogLine(line)}\n`);
  const limit = tail === undefined || tail < 0 ? undefined : tail;
  await followFile(context.clock, logFile(cluster, name), print, {
    follow: options.follow === true,
    tail: limit,
  });
}
