import { type ChildProcess, execFile, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { QuorateError } from '#shared/base';
import { packageRoot } from '#shared/rpc';

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const program = join(packageRoot, 'dist/bin/quorate.js');
const outputBytesMax = 64 * 1024 * 1024;

/** The `quorate` command on the cluster in one data directory, as a user has it. */
export class CommandLine {
  readonly #dataDir: string;

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
  }

  /** One command with `input` on its standard input, whatever its exit code. */
  run(args: readonly string[], input = ''): Promise<CommandResult> {
    return new Promise((resolve, reject) => {
      const child = execFile(
        process.execPath,
        [program, ...args],
        { env: this.#env(), maxBuffer: outputBytesMax },
        (error, stdout, stderr) => {
          const code = error === null ? 0 : error.code;
          if (typeof code === 'number') resolve({ code, stdout, stderr });
          else reject(error);
        },
      );
      // A command need not read its input.
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(input);
    });
  }

  /** One command, which must succeed; throws its output otherwise. */
  async ok(args: readonly string[]): Promise<CommandResult> {
    const result = await this.run(args);
    if (result.code === 0) return result;
    throw new QuorateError(
      'failed-precondition',
      `quorate ${args.join(' ')} exited with ${result.code}:\n${result.stdout}${result.stderr}`,
    );
  }

  /** A command left running, such as `logs -f`: its output so far in `text()`. */
  follow(args: readonly string[]): { child: ChildProcess; text: () => string } {
    const child = spawn(process.execPath, [program, ...args], { env: this.#env() });
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    return { child, text: () => text };
  }

  /**
   * Runs a command when this process ends, however it ends: unless it has called what is returned. A shell
   * waits for that at the other end of a pipe.
   */
  runWhenOrphaned(args: readonly string[]): () => void {
    const script = ['-c', 'read -r _; exec "$@"', 'sh', process.execPath, program, ...args];
    const shell = spawn('/bin/sh', script, {
      env: this.#env(),
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    shell.on('error', () => undefined);
    shell.stdin.on('error', () => undefined);
    shell.unref();
    (shell.stdin as Socket).unref();
    return () => void shell.kill('SIGKILL');
  }

  #env(): NodeJS.ProcessEnv {
    return { ...process.env, QUORATE_DATA_DIR: this.#dataDir, NO_COLOR: '1' };
  }
}
