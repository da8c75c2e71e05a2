import type { CommandLine } from './command-line.ts';
import type { LabOptions } from './options.ts';
import type { TakenSlot } from './slot.ts';

/** How a lab's parts are run. */
export interface Launcher {
  /** Starts what does not run and resolves when all of it is ready. */
  up(): Promise<void>;
  kill(names: readonly string[]): Promise<void>;
  start(names: readonly string[]): Promise<void>;
  stop(names: readonly string[]): Promise<void>;
  down(): Promise<void>;
  /** Wakes what is paused and heals it too: asked where a part does not answer. */
  wake?(): Promise<void>;
}

/** One whose parts have addresses of their own, on a network that can really be cut. */
export interface RemoteLauncher extends Launcher {
  /** The address of each part, by its name. */
  readonly hosts: ReadonlyMap<string, string>;
  /** Nothing passes between the groups; who is in none makes up one more. */
  partition(groups: readonly (readonly string[])[]): Promise<void>;
  /** Mends the network, and wakes what is paused. */
  mend(): Promise<void>;
  pause(name: string, forMs: number): Promise<void>;
}

export const isRemote = (launcher: Launcher): launcher is RemoteLauncher => 'hosts' in launcher;

/** What a launcher must know of its lab. */
export interface LabPlan {
  readonly dataDir: string;
  readonly masters: number;
  readonly workers: number;
  readonly slot: TakenSlot;
}

/** Each part a process of its own, by the `quorate` command. */
export function processLauncher(
  { masters, workers, slot }: LabPlan,
  { faults = false, storeEndpoints, storeTls }: LabOptions,
  command: CommandLine,
): Launcher {
  const flags = {
    '--masters': masters,
    '--workers': workers,
    '--port-offset': slot.portOffset,
    '--pod-cidr': slot.podCidr,
    '--service-cidr': slot.serviceCidr,
    '--service-node-port-range': slot.nodePortRange,
    '--store-endpoints': storeEndpoints?.join(','),
    '--store-cafile': storeTls?.caFile,
    '--store-certfile': storeTls?.certFile,
    '--store-keyfile': storeTls?.keyFile,
  };
  const given = Object.entries(flags).flatMap(([flag, value]) =>
    value === undefined ? [] : [flag, String(value)],
  );
  const run = async (...args: string[]): Promise<void> => void (await command.ok(args));
  return {
    up: () => run('up', ...given, ...(faults ? ['--enable-faults'] : [])),
    kill: (names) => run('kill', ...names),
    start: (names) => run('start', ...names),
    stop: (names) => run('stop', ...names),
    down: async () => void (await command.run(['down', '--purge'])),
    ...(faults && { wake: () => run('fault', 'heal') }),
  };
}
