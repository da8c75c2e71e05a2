import { Command } from 'commander';
import { version } from '#shared/runtime';
import { type Overview, overviewOf } from '../cluster/overview.ts';
import { dataDir, requireCluster } from '../cluster/state.ts';
import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';
import { addDataDir } from '../options.ts';
import { formatBytes } from '../print/bytes.ts';
import { formatJson, formatYaml } from '../print/format.ts';
import { formatTable } from '../print/table.ts';
import type { Output } from '../terminal.ts';

interface StatusOptions {
  readonly dataDir?: string;
  readonly output?: string;
}

export function command(context: Context): Command {
  return addDataDir(new Command())
    .option('-o, --output <format>', 'json or yaml')
    .action((options: StatusOptions) => status(context, options));
}

async function status(context: Context, options: StatusOptions): Promise<void> {
  const { output } = options;
  if (output !== undefined && output !== 'json' && output !== 'yaml') {
    throw new CommandError(
      `unable to match a printer suitable for the output format "${output}", allowed formats are: json,yaml`,
    );
  }
  const cluster = requireCluster(dataDir(options.dataDir, context.env, context.cwd));
  const overview = await overviewOf(context, cluster);
  if (output === undefined) context.out.write(describe(context.out, overview));
  else {
    const value = forScripts(overview);
    context.out.write(output === 'json' ? formatJson(value) : await formatYaml(value));
  }
  const anybody = [...overview.members, ...overview.workers].some(({ pid }) => pid !== undefined);
  if (!anybody) {
    context.err.write('\nThe cluster is not running. Start it with `quorate up`.\n');
  } else if (overview.apiError !== undefined) {
    context.err.write(`\nThe API does not answer: ${overview.apiError}\n${advice(overview)}\n`);
  }
}

function forScripts(overview: Overview): object {
  return {
    ...overview,
    members: overview.members.map(({ state, status, role: _role, ...part }) => ({
      ...part,
      role: state,
      ...(status && {
        id: status.id,
        term: status.term,
        raftIndex: status.raftIndex,
        dbSizeBytes: status.dbSizeBytes,
        version: status.version,
      }),
    })),
  };
}

function advice({ members }: Overview): string {
  const dead = members.filter(({ state }) => state === 'dead').map(({ name }) => name);
  if (dead.length * 2 < members.length || dead.length === 0) {
    return 'See `quorate component-logs master-1` for what a master says.';
  }
  return `A majority of the masters must run. Start them with: quorate start ${dead.join(' ')}`;
}

function describe(out: Output, overview: Overview): string {
  const none = '-';
  const members = overview.members.map(({ name, pid, state, status, client, peer, api }) => [
    name,
    pid === undefined ? none : String(pid),
    state,
    status?.id ?? none,
    status ? String(status.term) : none,
    status ? String(status.raftIndex) : none,
    status ? formatBytes(status.dbSizeBytes) : none,
    status?.version ?? none,
    client,
    peer,
    api,
  ]);
  const heads = [
    'master',
    'pid',
    'state',
    'member id',
    'term',
    'raft index',
    'db size',
    'etcd',
    'etcd client',
    'peer',
    'api',
  ];
  const sections = [
    `quorate ${version} in ${overview.dataDir}, ${formatBytes(overview.memoryBytes)} of memory\n`,
    formatTable(heads, members),
    electionsTable(overview),
    workersTable(overview),
    podsLine(overview),
  ];
  return colored(out, sections.filter((section) => section !== '').join('\n'));
}

function electionsTable({ leaders }: Overview): string {
  if (leaders.length === 0) return '';
  return formatTable(
    ['election', 'leader'],
    leaders.map(({ election, identity }) => [election, identity]),
  );
}

function workersTable({ workers, apiError }: Overview): string {
  if (workers.length === 0) return '';
  const rows = workers.map(({ name, pid, node, unschedulable, pods, containers, agent }) => [
    name,
    pid === undefined ? '-' : String(pid),
    pid === undefined ? 'dead' : 'running',
    apiError === undefined
      ? `${node ?? '<not registered>'}${unschedulable ? ',SchedulingDisabled' : ''}`
      : '<unknown>',
    apiError === undefined ? String(pods) : '<unknown>',
    String(containers),
    agent,
  ]);
  return formatTable(['worker', 'pid', 'state', 'node', 'pods', 'containers', 'agent'], rows);
}

function podsLine({ pods, apiError }: Overview): string {
  if (apiError !== undefined) return '';
  const phases = Object.entries(pods).map(([phase, count]) => `${count} ${phase}`);
  return `Pods: ${phases.length === 0 ? 'none' : phases.join(', ')}\n`;
}

/** After the table is laid out, so that colours do not count as width. */
function colored(out: Output, text: string): string {
  return text
    .replace(/\bleader\b/g, (word) => out.style('green', word))
    .replace(/\b(dead|NotReady|not answering|no leader)\b/g, (word) => out.style('red', word));
}
