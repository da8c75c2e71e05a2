import { Command, Option } from 'commander';
import {
  diskFaults,
  diskTargets,
  type FaultSpec,
  faultText,
  linkRoutes,
  noLinkFault,
  partitionRoutes,
  type Route,
} from '#shared/faults';
import type { Context } from '../context.ts';
import { asTyped, choiceFlag, integerFlag } from '../flags.ts';
import { bandwidth, drift, duration, share, signedDuration } from '../faults/numbers.ts';
import { FaultProcesses, type FaultTargetOptions } from '../faults/processes.ts';
import { healFaults, listFaults } from '../faults/show.ts';
import { addDataDir, collect } from '../options.ts';
import { formatTable } from '../print/table.ts';

/** Ten minutes. */
const stallMsMax = 600_000;

interface SetFlags extends FaultTargetOptions {
  readonly for?: string;
  readonly surviveRestart?: boolean;
}

interface LinkFlags extends SetFlags {
  readonly both?: boolean;
  readonly cut?: boolean;
  readonly drop?: string;
  readonly delay?: string;
  readonly jitter?: string;
  readonly duplicate?: string;
  readonly reorder?: string;
  readonly bandwidth?: string;
}

export function command(context: Context): Command {
  const fault = new Command()
    .usage('link|partition|disk|clock|process|point|list|heal [flags]')
    .addHelpText('after', examples);
  for (const child of [link, partition, disk, clock, processFault, point, list, heal]) {
    fault.addCommand(child(context));
  }
  return fault;
}

const examples = `
Examples:
  quorate up --enable-faults
  quorate fault link master-1 master-2 --delay 100ms --jitter 20ms
  quorate fault link master-1 master-2 --cut --for 10s        # one way only
  quorate fault link clients master-1 --cut --both            # master-1's etcd clients
  quorate fault partition split master-1                      # master-1 | all others
  quorate fault disk stall master-1 --target log --ms 200
  quorate fault clock master-2 --drift 20%
  quorate fault process pause master-3 --for 5s
  quorate fault point master-1 raftBeforeSave '10%sleep(50)'
  quorate fault list
  quorate fault heal`;

function targeted(name: string, summary: string): Command {
  return addDataDir(new Command(name).description(summary)).option(
    '--store-dir <dir>',
    'members of stand-alone stores, by their data directories, instead of the local cluster',
    collect,
  );
}

function setter(name: string, summary: string): Command {
  return targeted(name, summary)
    .option('--for <duration>', 'heals itself after this long, such as 30s')
    .option('--survive-restart', 'is set again when the process starts the next time');
}

function link(context: Context): Command {
  return setter('link', 'Disturb what FROM sends to TO: processes, * for all, or callers.')
    .argument('<from>', 'such as master-1, worker-1, *')
    .argument(
      '<to>',
      'such as master-2; either may be clients, api or rest: who calls a master on its etcd, quorate.v1 and Kubernetes port',
    )
    .option('--both', 'the other way too')
    .option('--cut', 'nothing gets through')
    .option('--drop <share>', 'of the messages, such as 10%')
    .option('--delay <duration>', 'such as 50ms')
    .option('--jitter <duration>', 'added to the delay, evenly from 0 to this')
    .option('--duplicate <share>', 'raft messages only')
    .option('--reorder <share>', 'raft messages only')
    .option('--bandwidth <rate>', 'bytes a second, such as 100k')
    .action((from: string, to: string, flags: LinkFlags) => {
      const processes = new FaultProcesses(context, flags);
      const numbers = linkNumbers(flags);
      const routes = asTyped(() => linkRoutes(processes.targets, from, to, numbers));
      const back = flags.both
        ? asTyped(() => linkRoutes(processes.targets, to, from, numbers))
        : [];
      return set(context, processes, [...routes, ...back], flags);
    });
}

function linkNumbers(flags: LinkFlags) {
  const part = (flag: string, text: string | undefined): number =>
    text === undefined ? 0 : share(flag, text);
  const ms = (flag: string, text: string | undefined): number =>
    text === undefined ? 0 : duration(flag, text);
  const { kind: _kind, peer: _peer, direction: _direction, ...none } = noLinkFault;
  return {
    ...none,
    drop: flags.cut ? 1 : part('--drop', flags.drop),
    delayMs: ms('--delay', flags.delay),
    jitterMs: ms('--jitter', flags.jitter),
    duplicate: part('--duplicate', flags.duplicate),
    reorder: part('--reorder', flags.reorder),
    bytesPerSecond: flags.bandwidth === undefined ? 0 : bandwidth('--bandwidth', flags.bandwidth),
  };
}

function partition(context: Context): Command {
  return setter(
    'partition',
    'Cut everything between groups of processes; what is in no group makes up one more.',
  )
    .argument('<name>', 'what to heal it by')
    .argument('<group...>', 'such as master-1 or master-1,worker-1')
    .action((name: string, groups: string[], flags: SetFlags) => {
      const processes = new FaultProcesses(context, flags);
      const numbers = { ...linkNumbers({ cut: true }), partition: name };
      const lists = groups.map((group) => group.split(','));
      const routes = asTyped(() => partitionRoutes(processes.targets, lists, numbers));
      return set(context, processes, routes, flags);
    });
}

function disk(context: Context): Command {
  return setter('disk', `Break the disk under a member: ${diskFaults.join(', ')}.`)
    .argument('<what>', diskFaults.join('|'))
    .argument('<process...>', 'such as master-1')
    .addOption(new Option('--target <part>', 'of the data').choices(diskTargets).default('all'))
    .option('--ms <number>', 'how long each write stalls, in milliseconds', '0')
    .option('--probability <share>', 'of the writes that it meets', '100%')
    .addHelpText('after', diskHelp)
    .action(
      (
        what: string,
        names: string[],
        flags: SetFlags & { target: string; ms: string; probability: string },
      ) => {
        const spec: FaultSpec = {
          kind: 'disk',
          what: choiceFlag('the disk fault', what, diskFaults),
          target: choiceFlag('--target', flags.target, diskTargets),
          ms: integerFlag('--ms', flags.ms, 0, stallMsMax),
          probability: share('--probability', flags.probability),
        };
        return setEach(context, names, spec, flags);
      },
    );
}

const diskHelp = `
What a write meets:
  stall       it waits for --ms
  error       it fails (EIO), and the member stops
  full        it fails (ENOSPC), and the member stops
  lose-sync   it is acknowledged and only kept in memory: a kill loses it, a heal writes it
  torn-write  a part of it is written, and the process is killed
  bit-flip    one bit of it is changed`;

function clock(context: Context): Command {
  return setter('clock', 'Bend the time that a process lives in.')
    .argument('<process...>', 'such as master-1')
    .option('--offset <duration>', 'what its wall clock is ahead, such as 1h or -30s')
    .option('--drift <share>', 'how much faster its time runs, such as 200ppm, 10% or -10%')
    .action((names: string[], flags: SetFlags & { offset?: string; drift?: string }) => {
      const { offset } = flags;
      const offsetMs = offset === undefined ? 0 : signedDuration('--offset', offset);
      const driftPpm = flags.drift === undefined ? 0 : drift('--drift', flags.drift);
      return setEach(context, names, { kind: 'clock', offsetMs, driftPpm }, flags);
    });
}

function processFault(context: Context): Command {
  return setter(
    'process',
    'Pause a process (SIGSTOP), kill it (SIGKILL), or take a part of its time.',
  )
    .argument('<what>', 'pause|kill|slow')
    .argument('<process...>', 'such as master-1')
    .option('--percent <number>', 'of its time that a slow process loses', '50')
    .action((what: string, names: string[], flags: SetFlags & { percent: string }) => {
      const kinds = ['pause', 'kill', 'slow'] as const;
      const spec = {
        kind: 'process',
        what: choiceFlag('the process fault', what, kinds),
        percent: integerFlag('--percent', flags.percent, 1, 99),
      } as const;
      return setEach(context, names, spec, flags);
    });
}

function point(context: Context): Command {
  return setter('point', "Set a failpoint, in gofail's terms; without TERMS list those there are.")
    .argument('<process>', 'such as master-1')
    .argument('[name]', 'such as raftBeforeSave')
    .argument('[terms]', 'such as panic, 10%sleep(50), \'3*off->1*error("disk")\'')
    .action(
      async (
        name: string,
        pointName: string | undefined,
        terms: string | undefined,
        flags: SetFlags,
      ) => {
        if (pointName !== undefined && terms !== undefined) {
          await setEach(context, [name], { kind: 'point', name: pointName, terms }, flags);
          return;
        }
        const { points } = await new FaultProcesses(context, flags).with(name, (client) =>
          client.list(),
        );
        context.out.write(points.map((known) => `${known}\n`).join(''));
        if (points.length === 0) context.err.write(`${name} has no failpoints: masters have.\n`);
      },
    );
}

function list(context: Context): Command {
  return targeted('list', 'List what is broken, in every process.')
    .addOption(new Option('-o, --output <format>').choices(['json']))
    .action((flags: FaultTargetOptions & { output?: string }) => listFaults(context, flags));
}

function heal(context: Context): Command {
  return targeted(
    'heal',
    'Heal everything, all of a process, or one fault; and wake what is paused.',
  )
    .argument('[what...]', 'such as master-1, master-1/link-2; none: everything')
    .option('--partition <name>', 'what makes up this partition')
    .action((what: string[], flags: FaultTargetOptions & { partition?: string }) =>
      healFaults(context, what, flags),
    );
}

function setEach(
  context: Context,
  names: readonly string[],
  spec: FaultSpec,
  flags: SetFlags,
): Promise<void> {
  const processes = new FaultProcesses(context, flags);
  const routes = processes.named(names).map(({ name }) => ({ process: name, spec }));
  return set(context, processes, routes, flags);
}

async function set(
  context: Context,
  processes: FaultProcesses,
  routes: readonly Route[],
  flags: SetFlags,
): Promise<void> {
  const forMs = flags.for === undefined ? undefined : duration('--for', flags.for);
  const done = await processes.set(routes, { forMs, survivesRestart: flags.surviveRestart });
  const rows = done.map(([process, { id, spec }]) => [`${process}/${id}`, faultText(spec)]);
  context.out.write(formatTable(['fault', 'what'], rows, { noHeaders: true }));
}
