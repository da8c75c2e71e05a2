import { type ChildProcess, execFile, spawn } from 'node:child_process';
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
import { packageRoot } from '#shared/rpc';
import {
  createFaultClient,
  type Fault,
  type FaultClient,
  type FaultSpec,
  type FaultTarget,
  type LinkFault,
  linkRoutes,
  noLinkFault,
  partitionRoutes,
  readEndpoint,
  type Route,
  type SetOptions,
} from '#shared/faults';
import { eventually } from './eventually.ts';
import { Load, type LoadOptions } from './load.ts';
import { leadership } from './members.ts';
import { takeSlot, type TakenSlot } from './slot.ts';

/** Whose certificates a store elsewhere shows, and what it is shown. */
export interface StoreTls {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

export interface LabOptions {
  /** 1 to 9; default 3. */
  readonly masters?: number | undefined;
  /** 0 to 9; default 2. */
  readonly workers?: number | undefined;
  /** URLs of an etcd to keep all state in; default: the masters' own store. */
  readonly storeEndpoints?: readonly string[] | undefined;
  /** Paths of PEM files, for https. */
  readonly storeTls?: StoreTls | undefined;
  /** Its processes can be broken on purpose. Default false; in `quorate/testing` true. */
  readonly faults?: boolean | undefined;
}

/** How a lab's parts are run, where not by the `quorate` command. */
export interface Launcher {
  up(): Promise<void>;
  kill(names: readonly string[]): Promise<void>;
  start(names: readonly string[]): Promise<void>;
  stop(names: readonly string[]): Promise<void>;
  down(): Promise<void>;
}

/** A launcher whose parts have addresses of their own, and are broken from outside: no fault plane reaches them. */
export interface RemoteLauncher extends Launcher {
  /** The address of each part, by its name. */
  readonly hosts: ReadonlyMap<string, string>;
  partition(groups: readonly (readonly string[])[]): Promise<void>;
  heal(): Promise<void>;
  pause(name: string, forMs: number): Promise<void>;
}

const isRemote = (launcher: Launcher | undefined): launcher is RemoteLauncher =>
  launcher !== undefined && 'hosts' in launcher;

/** What a launcher must know of its lab. */
export interface LabPlan {
  readonly dataDir: string;
  readonly masters: number;
  readonly workers: number;
  readonly slot: TakenSlot;
}

type LinkNumbers = Partial<Omit<LinkFault, 'kind' | 'peer' | 'direction'>>;

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

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
  readonly #options: {
    readonly masters: number;
    readonly workers: number;
    readonly faults: boolean;
  };
  readonly #launcher: Launcher | undefined;
  readonly #remote: RemoteLauncher | undefined;
  readonly #storeEndpoints: readonly string[] | undefined;
  readonly #storeTls: StoreTls | undefined;
  readonly #slot: TakenSlot;

  /** Nothing runs yet: see `up`, or use `startLab`. */
  constructor(options: LabOptions, slot: TakenSlot, launch?: (plan: LabPlan) => Launcher) {
    const { masters: count = 3, workers = 2, faults = false } = options;
    this.#options = { masters: count, workers, faults };
    this.#storeEndpoints = options.storeEndpoints;
    this.#storeTls = options.storeTls;
    this.#slot = slot;
    this.dataDir = mkdtempSync(join(tmpdir(), 'quorate-lab-'));
    const masters = Array.from(
      { length: this.#options.masters },
      (_, i) => i + 1 + slot.portOffset,
    );
    const part = (role: 'master' | 'worker', _: unknown, i: number): FaultTarget => ({
      name: `${role}-${i + 1}`,
      role,
    });
    this.parts = [
      ...Array.from({ length: count }, (_, i) => part('master', _, i)),
      ...Array.from({ length: workers }, (_, i) => part('worker', _, i)),
    ];
    this.#launcher = launch?.({ dataDir: this.dataDir, masters: count, workers, slot });
    const remote = isRemote(this.#launcher) ? this.#launcher : undefined;
    this.#remote = remote;
    const host = (i: number): string => remote?.hosts.get(`master-${i + 1}`) ?? '127.0.0.1';
    this.endpoints = masters.map((n, i) => `${host(i)}:${23_790 + n}`);
    this.apiServers = masters.map((n, i) => `${host(i)}:${26_440 + n}`);
  }

  /** Starts what does not run and resolves when all of it is ready. */
  async up(): Promise<void> {
    if (this.#launcher) {
      await this.#launcher.up();
      return;
    }
    const { portOffset, podCidr, serviceCidr, nodePortRange } = this.#slot;
    const { masters, workers, faults } = this.#options;
    const shape = ['--masters', String(masters), '--workers', String(workers)];
    const networks = ['--pod-cidr', podCidr, '--service-cidr', serviceCidr];
    const nodePorts = ['--service-node-port-range', nodePortRange];
    const store = this.#storeEndpoints ? ['--store-endpoints', this.#storeEndpoints.join(',')] : [];
    const tls = this.#storeTls;
    const secured = tls
      ? [
          '--store-cafile',
          tls.caFile,
          '--store-certfile',
          tls.certFile,
          '--store-keyfile',
          tls.keyFile,
        ]
      : [];
    const broken = faults ? ['--enable-faults'] : [];
    const offset = ['--port-offset', String(portOffset)];
    await this.quorateOk(
      'up',
      ...shape,
      ...offset,
      ...networks,
      ...nodePorts,
      ...broken,
      ...store,
      ...secured,
    );
  }

  /** SIGKILL: a master's process, or a worker's with all of its pods, as a machine's death would. */
  async kill(...names: string[]): Promise<void> {
    await (this.#launcher?.kill(names) ?? this.quorateOk('kill', ...names));
  }

  /** Starts masters or workers that were killed or stopped; resolves when they are ready. */
  async start(...names: string[]): Promise<void> {
    await (this.#launcher?.start(names) ?? this.quorateOk('start', ...names));
  }

  /** Stops masters or workers gracefully. */
  async stop(...names: string[]): Promise<void> {
    await (this.#launcher?.stop(names) ?? this.quorateOk('stop', ...names));
  }

  /** The master that leads the store, once there is one. */
  leader(): Promise<string> {
    return eventually('a leader', async () => {
      const views = await Promise.all(this.endpoints.map(leadership));
      // One that is cut off may still think that it leads, in an older term.
      const terms = views.map((view) => (view?.leads ? view.term : -1));
      const best = terms.indexOf(Math.max(...terms));
      return terms[best] === -1 ? undefined : `master-${best + 1}`;
    });
  }

  /** The etcd v3 endpoint of a master. */
  endpoint(master: string): string {
    return this.endpoints[Number(master.split('-')[1]) - 1] ?? '';
  }

  /** Sets a fault in one process. */
  async fault(process: string, spec: FaultSpec, options: SetOptions = {}): Promise<Fault> {
    return this.#with(process, (client) => client.set(spec, options));
  }

  /** Disturbs what `from` sends to `to`; see `quorate fault link`. */
  async link(
    from: string,
    to: string,
    numbers: LinkNumbers,
    options: SetOptions = {},
  ): Promise<void> {
    const { kind: _kind, peer: _peer, direction: _direction, ...none } = noLinkFault;
    await this.#setAll(linkRoutes(this.parts, from, to, { ...none, ...numbers }), options);
  }

  /** Cuts everything between the groups; who is in none makes up one more. */
  async partition(...groups: readonly (readonly string[])[]): Promise<void> {
    if (this.#remote) return this.#remote.partition(groups);
    const { kind: _kind, peer: _peer, direction: _direction, ...none } = noLinkFault;
    const numbers = { ...none, drop: 1, partition: `partition ${groups.join(' | ')}` };
    await this.#setAll(partitionRoutes(this.parts, groups, numbers), {});
  }

  /** SIGSTOP for so long; resolves when it has stopped. */
  async pause(name: string, forMs: number): Promise<void> {
    if (this.#remote) return this.#remote.pause(name, forMs);
    await this.fault(name, { kind: 'process', what: 'pause', percent: 0 }, { forMs });
    // It stops when it has answered.
    await systemClock.sleep(40);
  }

  /** Heals everything that is broken in the processes that answer. */
  async heal(): Promise<void> {
    if (this.#remote) return this.#remote.heal();
    const healed = this.parts.map(({ name }) => this.#with(name, (client) => client.heal()));
    await Promise.allSettled(healed);
  }

  /** Clients that read and write from now on, and a history of what they were told. */
  async load(options: LoadOptions = {}): Promise<Load> {
    const load = new Load(this.endpoints, options);
    await load.started();
    return load;
  }

  async #setAll(routes: readonly Route[], options: SetOptions): Promise<void> {
    await Promise.all(routes.map(({ process, spec }) => this.fault(process, spec, options)));
  }

  async #with<T>(process: string, use: (client: FaultClient) => Promise<T>): Promise<T> {
    if (this.#remote) {
      const what = `no fault plane reaches ${process} in its container: partition, pause, kill`;
      throw new QuorateError('unimplemented', what);
    }
    const client = createFaultClient(readEndpoint(join(this.dataDir, process)));
    try {
      return await use(client);
    } finally {
      client.close();
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

  /** Stops everything and removes the data. */
  async destroy(): Promise<void> {
    await (this.#launcher?.down() ?? this.quorate('down', '--purge'));
    rmSync(this.dataDir, { recursive: true, force: true });
    this.#slot.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.destroy();
  }

  /** Runs one `quorate` command on this lab's cluster, whatever its exit code. */
  quorate(...args: string[]): Promise<CommandResult> {
    return this.quorateWith('', ...args);
  }

  /** Runs one command with `input` on its standard input. */
  quorateWith(input: string, ...args: string[]): Promise<CommandResult> {
    return new Promise((resolve, reject) => {
      const child = execFile(
        process.execPath,
        [program, ...args],
        { env: this.#env(), maxBuffer: 64 * 1024 * 1024 },
        (error, stdout, stderr) => {
          const code = error === null ? 0 : error.code;
          if (typeof code === 'number') resolve({ code, stdout, stderr });
          else reject(error);
        },
      );
      child.stdin?.end(input);
    });
  }

  /** Runs one command, which must succeed; throws its output otherwise. */
  async quorateOk(...args: string[]): Promise<CommandResult> {
    const result = await this.quorate(...args);
    if (result.code === 0) return result;
    throw new QuorateError(
      'failed-precondition',
      `quorate ${args.join(' ')} exited with ${result.code}:\n${result.stdout}${result.stderr}`,
    );
  }

  /** The JSON that a command prints with `-o json`. */
  async json<T>(...args: string[]): Promise<T> {
    const { stdout } = await this.quorateOk(...args, '-o', 'json');
    return JSON.parse(stdout) as T;
  }

  /** A command left running, such as `logs -f`: its output so far in `text()`. */
  follow(...args: string[]): { child: ChildProcess; text: () => string } {
    const child = spawn(process.execPath, [program, ...args], { env: this.#env() });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    return { child, text: () => text };
  }

  /** The log of a master or worker so far. */
  log(name: string): string {
    return readFileSync(join(this.dataDir, name, 'log'), 'utf8');
  }

  #env(): NodeJS.ProcessEnv {
    return { ...process.env, QUORATE_DATA_DIR: this.dataDir, NO_COLOR: '1' };
  }
}

const program = join(packageRoot, 'dist/bin/quorate.js');

/** A running cluster of real processes, ready for use. Destroy it, or let `await using` do it. */
export async function startLab(
  options: LabOptions = {},
  launch?: (plan: LabPlan) => Launcher,
): Promise<Lab> {
  const lab = new Lab(options, await takeSlot(), launch);
  try {
    await lab.up();
    return lab;
  } catch (thrown) {
    await lab.destroy();
    throw thrown;
  }
}
