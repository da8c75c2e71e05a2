import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { QuorateError } from '#shared/base';
import {
  createGrpcApiClient,
  createGrpcKvClient,
  type GrpcApiClient,
  type KvClient,
} from '#shared/client';
import { systemClock } from '#shared/clock';
import {
  checkGroups,
  type Fault,
  type FaultSpec,
  type FaultTarget,
  type SetOptions,
} from '#shared/faults';
import { CommandLine, type CommandResult } from './command-line.ts';
import { eventually } from './eventually.ts';
import { FaultPlanes, type LinkNumbers, partNamed } from './fault-planes.ts';
import {
  isRemote,
  type LabPlan,
  type Launcher,
  processLauncher,
  type RemoteLauncher,
} from './launcher.ts';
import { Load, type LoadOptions } from './load.ts';
import { leaderOf } from './members.ts';
import type { LabOptions } from './options.ts';
import { takeSlot, type TakenSlot } from './slot.ts';

/**
 * A cluster of real processes of its own: own data directory, ports and loopback networks, so that
 * labs run beside each other and beside a user's cluster. Everything goes through the `quorate`
 * command or the public gRPC APIs, as a user's would.
 */
export class Lab implements AsyncDisposable {
  /** Logs are in `<dataDir>/<name>/log`. Gone after `destroy`. */
  readonly dataDir: string;
  /** etcd v3 endpoints, `host:port`, in the order of the masters. */
  readonly endpoints: readonly string[];
  /** `quorate.v1` API servers, `host:port`, in the order of the masters. */
  readonly apiServers: readonly string[];
  /** Its masters and workers, by name. */
  readonly parts: readonly FaultTarget[];
  readonly #launcher: Launcher;
  /** Where its parts are not on this machine's loopback. */
  readonly #remote: RemoteLauncher | undefined;
  readonly #faults: FaultPlanes;
  readonly #command: CommandLine;
  readonly #slot: TakenSlot;
  readonly #loads: Load[] = [];
  /** Containers are removed by the next lab. */
  readonly #unguard: (() => void) | undefined;

  /** Nothing runs yet: see `up`, or use `startLab`. */
  constructor(options: LabOptions, slot: TakenSlot, launch?: (plan: LabPlan) => Launcher) {
    const { masters = 3, workers = 2 } = options;
    this.#slot = slot;
    this.dataDir = mkdtempSync(join(tmpdir(), 'quorate-lab-'));
    this.#command = new CommandLine(this.dataDir);
    this.parts = [...partsOf('master', masters), ...partsOf('worker', workers)];
    this.#faults = new FaultPlanes(this.dataDir, this.parts);
    const plan = { dataDir: this.dataDir, masters, workers, slot };
    this.#launcher = launch?.(plan) ?? processLauncher(plan, options, this.#command);
    const remote = isRemote(this.#launcher) ? this.#launcher : undefined;
    this.#remote = remote;
    this.#unguard = remote ? undefined : this.#command.runWhenOrphaned(['down', '--purge']);
    const addresses = (base: number): string[] =>
      partsOf('master', masters).map(({ name }, i) => {
        return `${remote?.hosts.get(name) ?? '127.0.0.1'}:${base + i + 1 + slot.portOffset}`;
      });
    this.endpoints = addresses(23_790);
    this.apiServers = addresses(26_440);
  }

  /** Starts what does not run and resolves when all of it is ready. */
  up(): Promise<void> {
    return this.#launcher.up();
  }

  /** SIGKILL: a master's process, or a worker's with all of its pods, as a machine's death would. */
  kill(...names: string[]): Promise<void> {
    return this.#launcher.kill(names);
  }

  /** Starts masters or workers that were killed or stopped; resolves when they are ready. */
  start(...names: string[]): Promise<void> {
    return this.#launcher.start(names);
  }

  /** Stops masters or workers gracefully. */
  stop(...names: string[]): Promise<void> {
    return this.#launcher.stop(names);
  }

  /** The master that leads the store, once a majority says that there is one. */
  leader(): Promise<string> {
    return eventually('a leader', async () => {
      const index = await leaderOf(this.endpoints);
      return index === undefined ? undefined : `master-${index + 1}`;
    });
  }

  /** The etcd v3 endpoint of a master. */
  endpoint(master: string): string {
    const endpoint = this.endpoints[this.parts.findIndex(({ name }) => name === master)];
    if (endpoint !== undefined) return endpoint;
    throw new QuorateError('not-found', `no master of this lab is named "${master}"`);
  }

  /** Sets a fault in one part: any of `quorate fault`. */
  fault(part: string, spec: FaultSpec, options: SetOptions = {}): Promise<Fault> {
    return this.#faults.set(part, spec, options);
  }

  /** What is broken in a part. */
  faults(part: string): Promise<readonly Fault[]> {
    return this.#faults.list(part);
  }

  /** Disturbs what `from` sends to `to`; see `quorate fault link`. */
  link(from: string, to: string, numbers: LinkNumbers, options: SetOptions = {}): Promise<void> {
    return this.#faults.link(from, to, numbers, options);
  }

  /** Cuts everything between the groups; who is in none makes up one more. */
  async partition(...groups: readonly (readonly string[])[]): Promise<void> {
    if (!this.#remote) return this.#faults.partition(groups);
    checkGroups(this.parts, groups);
    return this.#remote.partition(groups);
  }

  /** SIGSTOP for so long; resolves when it has stopped. */
  async pause(name: string, forMs: number): Promise<void> {
    if (this.#remote) return this.#remote.pause(name, forMs);
    await this.fault(name, { kind: 'process', what: 'pause', percent: 0 }, { forMs });
    // It stops when it has answered.
    await systemClock.sleep(40);
  }

  /** Heals everything that is broken in the parts that run, and wakes those that are paused. */
  async heal(): Promise<void> {
    await this.#remote?.mend();
    if (!(await this.#faults.heal())) await this.#launcher.wake?.();
  }

  /** Clients that read and write from now on, and a history of what they were told. */
  async load(options: LoadOptions = {}): Promise<Load> {
    const load = new Load(this.endpoints, options);
    this.#loads.push(load);
    try {
      await load.started();
      return load;
    } catch (thrown) {
      await load.abandon();
      throw thrown;
    }
  }

  /** A client of the store (etcd v3) over all masters. Close it. */
  kv(): KvClient {
    return createGrpcKvClient({ endpoints: [...this.endpoints], clock: systemClock });
  }

  /** A client of the API over all masters, as the cluster's administrator. Close it. */
  api(): GrpcApiClient {
    const tls = this.credentials('admin');
    return createGrpcApiClient({ servers: [...this.apiServers], clock: systemClock, tls });
  }

  /** The certificate of a part or client of the cluster, such as `admin` or `worker-1`. */
  credentials(name: string): { ca: string; cert: string; key: string } {
    const read = (file: string): string => readFileSync(join(this.dataDir, 'pki', file), 'utf8');
    return { ca: read('ca.crt'), cert: read(`${name}.crt`), key: read(`${name}.key`) };
  }

  /** Stops everything, loads too, and removes the data. */
  async destroy(): Promise<void> {
    await Promise.all(this.#loads.map((load) => load.abandon()));
    await this.#launcher.down();
    this.#unguard?.();
    rmSync(this.dataDir, { recursive: true, force: true });
    this.#slot.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.destroy();
  }

  /** Runs one `quorate` command on this lab's cluster, whatever its exit code. */
  quorate(...args: string[]): Promise<CommandResult> {
    return this.#command.run(args);
  }

  /** Runs one command with `input` on its standard input. */
  quorateWith(input: string, ...args: string[]): Promise<CommandResult> {
    return this.#command.run(args, input);
  }

  /** Runs one command, which must succeed; throws its output otherwise. */
  quorateOk(...args: string[]): Promise<CommandResult> {
    return this.#command.ok(args);
  }

  /** The JSON that a command prints with `-o json`. */
  async json<T>(...args: string[]): Promise<T> {
    const { stdout } = await this.quorateOk(...args, '-o', 'json');
    return JSON.parse(stdout) as T;
  }

  /** A command left running, such as `logs -f`: its output so far in `text()`. */
  follow(...args: string[]): { child: ChildProcess; text: () => string } {
    return this.#command.follow(args);
  }

  /** The log of a master or worker so far. */
  log(name: string): string {
    partNamed(this.parts, name);
    return readFileSync(join(this.dataDir, name, 'log'), 'utf8');
  }
}

const partsOf = (role: FaultTarget['role'], count: number): FaultTarget[] =>
  Array.from({ length: count }, (_, i) => ({ name: `${role}-${i + 1}`, role }));

/** A running cluster of real processes, ready for use. Destroy it, or let `await using` do it. */
export async function startLab(
  options: LabOptions = {},
  launch?: (plan: LabPlan) => Launcher,
): Promise<Lab> {
  checkCount('masters', options.masters, 1);
  checkCount('workers', options.workers, 0);
  const lab = new Lab(options, await takeSlot(), launch);
  try {
    await lab.up();
    return lab;
  } catch (thrown) {
    await lab.destroy();
    throw thrown;
  }
}

/** The ports of ten and more would run into those of others. */
const partsMax = 9;

function checkCount(what: string, count: number | undefined, least: number): void {
  const fine = count === undefined || (Number.isInteger(count) && count >= least);
  if (fine && (count ?? least) <= partsMax) return;
  throw new QuorateError(
    'bad-request',
    `${what} is ${count}: must be from ${least} to ${partsMax}`,
  );
}
