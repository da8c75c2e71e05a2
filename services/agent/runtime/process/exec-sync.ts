import { spawn } from 'node:child_process';
import type { Clock } from '#shared/clock';
import type { ExecResult } from '../runtime.ts';
import { sendSignal } from './process-table.ts';
import type { CommandPlace } from './runnable.ts';

const outputBytesMax = 10 * 1024;

/** Runs a command to its end, or to the timeout. */
export function execSync(
  { command, cwd, env }: CommandPlace,
  timeoutMs: number,
  clock: Clock,
): Promise<ExecResult> {
  const [file = '', ...args] = command;
  return new Promise((resolve) => {
    let output = '';
    let timedOut = false;
    const child = spawn(file, args, {
      cwd,
      env,
      // Its own group, so that a timeout ends all of it.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const timer = clock.after(timeoutMs, () => {
      timedOut = true;
      if (child.pid !== undefined) sendSignal(-child.pid, 'SIGKILL');
    });
    const collect = (data: Buffer): void => {
      output = (output + data.toString()).slice(0, outputBytesMax);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    const done = (exitCode: number): void => {
      timer.cancel();
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ exitCode, output, timedOut });
    };
    child.once('error', (error) => {
      output = error.message;
      done(127);
    });
    child.once('exit', (code) => done(code ?? 137));
  });
}
