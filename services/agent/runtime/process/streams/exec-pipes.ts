import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import type { CommandInput, CommandOptions, RunningCommand } from '#shared/client';
import type { Clock } from '#shared/clock';
import { sendSignal } from '../process-table.ts';
import type { CommandPlace } from '../runnable.ts';
import { MergedOutput } from './merged-output.ts';

/** What a command left behind may still hold its output open for this long after its end. */
const drainMs = 1_000;

/** Runs a command with pipes for the streams that are wanted. Resolves when it runs. */
export async function execPipes(
  { command, cwd, env }: CommandPlace,
  wanted: Pick<CommandOptions, 'stdin' | 'stdout' | 'stderr'>,
  clock: Clock,
): Promise<RunningCommand> {
  const [file = '', ...args] = command;
  const pipe = (isWanted: boolean): 'pipe' | 'ignore' => (isWanted ? 'pipe' : 'ignore');
  const child = spawn(file, args, {
    cwd,
    env,
    // A group of its own, to be signalled as one.
    detached: true,
    stdio: [pipe(wanted.stdin), pipe(wanted.stdout), pipe(wanted.stderr)],
  });
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  exited.catch(() => undefined);
  await once(child, 'spawn');
  // A command need not read its input: that is no failure of anybody's.
  child.stdin?.on('error', () => undefined);
  const output = new MergedOutput();
  if (child.stdout) output.add('stdout', child.stdout);
  if (child.stderr) output.add('stderr', child.stderr);
  void finish(child, exited, output, clock);
  return {
    received: output.read(),
    send: (input) => sendTo(child, input),
    cancel() {
      output.close();
      if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
        sendSignal(-child.pid, 'SIGHUP');
      }
    },
  };
}

async function finish(
  child: ChildProcess,
  exited: Promise<[number | null, NodeJS.Signals | null]>,
  output: MergedOutput,
  clock: Clock,
): Promise<void> {
  const [code, signal] = await exited;
  const late = clock.after(drainMs, () => {
    child.stdout?.destroy();
    child.stderr?.destroy();
  });
  await output.sourcesEnded();
  late.cancel();
  child.stdin?.destroy();
  output.end({ type: 'end', exitCode: code ?? 128 + signalNumber(signal) });
}

async function sendTo({ stdin }: ChildProcess, input: CommandInput): Promise<void> {
  if (!stdin?.writable) return;
  if (input.type === 'stdin-end') stdin.end();
  if (input.type !== 'stdin' || stdin.write(input.data)) return;
  await Promise.race([once(stdin, 'drain'), once(stdin, 'close')]).catch(() => undefined);
}

const signalNumber = (signal: NodeJS.Signals | null): number =>
  signal === null ? 0 : constants.signals[signal];
