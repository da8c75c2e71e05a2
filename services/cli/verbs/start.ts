import { Command } from 'commander';
import { bringUp } from '../cluster/bring-up.ts';
import { ensureCertificates } from '../cluster/certificates.ts';
import { mastersOf, type Part, partsNamed } from '../cluster/layout.ts';
import { runningProcess } from '../cluster/processes.ts';
import { type Cluster, dataDir, requireCluster } from '../cluster/state.ts';
import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';
import { addDataDir } from '../options.ts';

interface StartOptions {
  readonly dataDir?: string;
  readonly wait: boolean;
  readonly newMember?: boolean;
}

export function command(context: Context): Command {
  return addDataDir(new Command())
    .argument('<name...>', 'such as master-1 or worker-2')
    .option(
      '--new-member',
      'replace the member of a master whose disk was lost: what is left of its data is deleted',
    )
    .option('--no-wait', 'do not wait until they are ready')
    .action((names: string[], options: StartOptions) => start(context, names, options));
}

async function start(
  context: Context,
  names: readonly string[],
  options: StartOptions,
): Promise<void> {
  const cluster = requireCluster(dataDir(options.dataDir, context.env, context.cwd));
  const parts = partsNamed(cluster.state.parts, names);
  const stopped = parts.filter((part) => {
    const process = runningProcess(cluster, part.name);
    if (process) context.out.write(`${part.name}: already running (pid ${process.pid})\n`);
    return !process;
  });
  await ensureCertificates(cluster, context.clock.now());
  if (options.newMember) await replaceOne(context, cluster, stopped);
  const wait = options.wait && hasQuorum(cluster, names);
  await bringUp(context, cluster, stopped, { wait });
  if (!wait && stopped.length > 0 && options.wait) {
    context.out.write(
      '\nNot waiting: a majority of the masters must run before anything is ready. ' +
        'Start more of them, or all with `quorate up`.\n',
    );
  }
}

/** One at a time: the others must hold the quorum meanwhile. */
async function replaceOne(
  context: Context,
  cluster: Cluster,
  stopped: readonly Part[],
): Promise<void> {
  const [part, another] = stopped;
  if (part?.role !== 'master' || another) {
    throw new CommandError('--new-member is for one stopped master', {
      hint: 'Name one, and stop it first if it runs.',
    });
  }
  const { makeNewMember } = await import('../cluster/new-member.ts');
  await makeNewMember(context, cluster, part);
}

/** Whether a majority of the masters will run once these have started. */
export function hasQuorum(cluster: Cluster, starting: readonly string[]): boolean {
  const masters = mastersOf(cluster.state.parts);
  const running = masters.filter(
    ({ name }) => starting.includes(name) || runningProcess(cluster, name) !== undefined,
  );
  return running.length > masters.length / 2;
}
