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
import { takeSlot, type TakenSlot } from './slot.ts';

export interface LabOptions {
  /** 1 to 9; default 3. */
  readonly masters?: number | undefined;
  /** 0 to 9; default 2. */
  readonly workers?: number | undefined;
  /** URLs of an etcd to keep all state in; default: the masters' own store. */
  readonly storeEndpoints?: readonly string[] | undefined;
}

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
  readonly #options: { readonly masters: number; readonly workers: number };
  readonly #storeEndpoints: readonly string[] | undefined;
  readonly #slot: TakenSlot;

  /** Nothing runs yet: see `up`, or use `startLab`. */
  constructor(options: LabOptions, slot: TakenSlot) {
    this.#options = { masters: options.masters ?? 3, workers: options.workers ?? 2 };
    this.#storeEndpoints = options.storeEndpoints;
    this.#slot = slot;
    this.dataDir = mkdtempSync(join(tmpdir(), 'quorate-lab-'));
    const masters = Array.from(
      { length: this.#options.masters },
      (_, i) => i + 1 + slot.portOffset,
    );
    this.endpoints = masters.map((n) => `127.0.0.1:${23_790 + n}`);
    this.apiServers = masters.map((n) => `127.0.0.1:${26_440 + n}`);
  }

  /** Starts what does not run and resolves when all of it is ready. */
  async up(): Promise<void> {
    const { portOffset, podCidr, serviceCidr } = this.#slot;
    const { masters, workers } = this.#options;
    const shape = ['--masters', String(masters), '--workers', String(workers)];
    const networks = ['--pod-cidr', podCidr, '--service-cidr', serviceCidr];
    const store = this.#storeEndpoints ? ['--store-endpoints', this.#storeEndpoints.join(',')] : [];
    await this.quorateOk(
      'up',
      ...shape,
      '--port-offset',
      String(portOffset),
      ...networks,
      ...store,
    );
  }

  /** SIGKILL: a master's process, or a worker's with all of its pods, as a machine's death would. */
  async kill(...names: string[]): Promise<void> {
    await this.quorateOk('kill', ...names);
  }

  /** Starts masters or workers that were killed or stopped; resolves when they are ready. */
  async start(...names: string[]): Promise<void> {
    await this.quorateOk('start', ...names);
  }

  /** Stops masters or workers gracefully. */
  async stop(...names: string[]): Promise<void> {
    await this.quorateOk('stop', ...names);
  }

  /** The master that leads the store, once there is one. */
  leader(): Promise<string> {
    return eventually('a leader', async () => {
      const { members } = await this.json<{ members: { name: string; role: string }[] }>('status');
      return members.find((member) => member.role === 'leader')?.name;
    });
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
    await this.quorate('down', '--purge');
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
export async function startLab(options: LabOptions = {}): Promise<Lab> {
  const lab = new Lab(options, await takeSlot());
  try {
    await lab.up();
    return lab;
  } catch (thrown) {
    await lab.destroy();
    throw thrown;
  }
}

/**
 * Polls every 50 ms until `check` gives a value; what it throws counts as not yet. Rejects with
 * `deadline-exceeded` after `timeoutMs`: a guard against hangs, not a measure of speed.
 */
export async function eventually<T>(
  what: string,
  check: () => Promise<T | undefined> | T | undefined,
  timeoutMs = 60_000,
): Promise<T> {
  const until = systemClock.monotonic() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await check();
      if (value !== undefined) return value;
    } catch (thrown) {
      last = thrown;
    }
    if (systemClock.monotonic() > until) {
      throw new QuorateError('deadline-exceeded', `gave up waiting for ${what}`, { cause: last });
    }
    await systemClock.sleep(50);
  }
}
