import { text } from 'node:stream/consumers';
import { systemClock } from '#shared/clock';
import { exitCodes, startAnew } from '#shared/runtime';
import { CommandError, describeError } from './command-error.ts';
import type { Context } from './context.ts';
import { runProgram } from './program.ts';
import { createOutput } from './terminal.ts';

/** One run of the command line, from the process's arguments to its exit code. */
export async function runCli(host: NodeJS.Process): Promise<void> {
  const interrupts: (() => void)[] = [];
  const [, program = '', ...args] = host.argv;
  let exitCode: number = exitCodes.ok;
  const context: Context = {
    out: createOutput(host.stdout, host.env),
    err: createOutput(host.stderr, host.env),
    env: host.env,
    clock: systemClock,
    cwd: host.cwd(),
    stdinIsTty: host.stdin.isTTY,
    terminal: host,
    readStdin: () => text(host.stdin),
    onInterrupt: (fn) => void interrupts.push(fn),
    setExitCode: (code) => {
      exitCode = code;
    },
    startAnew: (settings) => startAnew(host, settings),
    host,
    pid: host.pid,
    execPath: host.execPath,
    program,
  };
  // The reader went away (`quorate get pods | head -1`): there is nobody left to tell.
  host.stdout.on('error', () => host.exit(exitCode));

  const isService = ['master', 'worker', 'store', 'apiserver'].includes(args[0] ?? '');
  if (isService) {
    await runProgram(context, args);
    return;
  }
  host.on('SIGINT', () => {
    for (const fn of interrupts) fn();
    host.exit(exitCodes.interrupted);
  });
  try {
    await runProgram(context, args);
  } catch (error) {
    const line = describeError(error);
    if (line !== '') context.err.write(`${line}\n`);
    exitCode = error instanceof CommandError ? error.exitCode : exitCodes.failed;
  }
  // Connections are closed, and nothing else may hold a finished command back.
  host.exit(exitCode);
}
