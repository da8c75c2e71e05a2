import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const main = join(root, 'dist/bin/quorate.js');

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A cluster of real processes, driven only through the `quorate` command, as a user would. Each lab
 * has its own data directory, ports and loopback networks, so that it runs beside a user's cluster.
 */
export class Lab {
  readonly dataDir: string;
  readonly #index: number;

  /** `index` (1 to 9) separates the ports and networks of labs that live at the same time. */
  constructor(index: number) {
    this.#index = index;
    this.dataDir = mkdtempSync(join(tmpdir(), 'quorate-lab-'));
  }

  get #portOffset(): number {
    return this.#index * 100;
  }

  /** etcd endpoints, in the order of the masters. */
  endpoints(masters = 3): string[] {
    return Array.from({ length: masters }, (_, i) => `127.0.0.1:${23791 + i + this.#portOffset}`);
  }

  apiServers(masters = 3): string[] {
    return Array.from({ length: masters }, (_, i) => `127.0.0.1:${26441 + i + this.#portOffset}`);
  }

  up(...args: string[]): Promise<CommandResult> {
    return this.quorateOk(
      'up',
      '--port-offset',
      String(this.#portOffset),
      '--pod-cidr',
      `127.${64 + this.#index}.0.0/16`,
      '--service-cidr',
      `127.${96 + this.#index}.0.0/16`,
      ...args,
    );
  }

  /** Stops everything and removes the data; the last thing of every test file. */
  async destroy(): Promise<void> {
    await this.quorate('down', '--purge');
    rmSync(this.dataDir, { recursive: true, force: true });
  }

  quorate(...args: string[]): Promise<CommandResult> {
    return this.quorateWith('', ...args);
  }

  /** Runs one command with `input` on its standard input. */
  quorateWith(input: string, ...args: string[]): Promise<CommandResult> {
    return new Promise((resolve, reject) => {
      const child = execFile(
        process.execPath,
        [main, ...args],
        { env: this.#env(), cwd: root, maxBuffer: 64 * 1024 * 1024 },
        (error, stdout, stderr) => {
          const code = error === null ? 0 : error.code;
          if (typeof code === 'number') resolve({ code, stdout, stderr });
          else reject(error);
        },
      );
      child.stdin?.end(input);
    });
  }

  async quorateOk(...args: string[]): Promise<CommandResult> {
    const result = await this.quorate(...args);
    if (result.code !== 0) {
      throw new Error(
        `quorate ${args.join(' ')} exited with ${result.code}:\n${result.stdout}${result.stderr}`,
      );
    }
    return result;
  }

  async json<T>(...args: string[]): Promise<T> {
    const { stdout } = await this.quorateOk(...args, '-o', 'json');
    return JSON.parse(stdout) as T;
  }

  /** A command left running, such as `logs -f`: its output so far in `text()`. */
  follow(...args: string[]): { child: ChildProcess; text: () => string } {
    const child = spawn(process.execPath, [main, ...args], { env: this.#env(), cwd: root });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    return { child, text: () => text };
  }

  log(name: string): string {
    return readFileSync(join(this.dataDir, name, 'log'), 'utf8');
  }

  #env(): NodeJS.ProcessEnv {
    return { ...process.env, QUORATE_DATA_DIR: this.dataDir, NO_COLOR: '1' };
  }
}

/** Polls until `check` returns a value; the deadline is for hangs, not a measure of speed. */
export async function eventually<T>(
  what: string,
  check: () => Promise<T | undefined> | T | undefined,
  timeoutMs = 60_000,
): Promise<T> {
  const until = performance.now() + timeoutMs;
  let last: unknown;
  for (;;) {
    try {
      const value = await check();
      if (value !== undefined) return value;
    } catch (thrown) {
      last = thrown;
    }
    if (performance.now() > until) {
      throw new Error(`gave up waiting for ${what}`, { cause: last });
    }
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
}
