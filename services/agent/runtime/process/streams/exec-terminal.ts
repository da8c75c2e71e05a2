import { PassThrough } from 'node:stream';
import type { IPty } from '@lydell/node-pty';
import type { CommandInput, RunningCommand } from '#shared/client';
import type { CommandPlace } from '../runnable.ts';
import { MergedOutput } from './merged-output.ts';

/** Runs a command as the leader of a session on a terminal of its own. */
export async function execTerminal({ command, cwd, env }: CommandPlace): Promise<RunningCommand> {
  const [file = '', ...args] = command;
  // Native code: loaded with the first terminal that is asked for.
  const { spawn } = await import('@lydell/node-pty');
  const terminal = spawn(file, args, { name: 'xterm', cwd, env: { ...env }, encoding: null });
  const screen = new PassThrough();
  const output = new MergedOutput();
  output.add('stdout', screen);
  let over = false;
  // Bytes, whatever the type says, since no encoding is asked for.
  terminal.onData((data) => {
    if (!screen.write(data)) terminal.pause();
  });
  screen.on('drain', () => terminal.resume());
  terminal.onExit(({ exitCode, signal }) => {
    over = true;
    screen.end();
    const end = { type: 'end', exitCode: signal ? 128 + signal : exitCode } as const;
    void output.sourcesEnded().then(() => output.end(end));
  });
  return {
    received: output.read(),
    send(input) {
      if (!over) sendTo(terminal, input);
      return Promise.resolve();
    },
    cancel() {
      output.close();
      if (!over) terminal.kill('SIGHUP');
    },
  };
}

function sendTo(terminal: IPty, input: CommandInput): void {
  // Bytes go as they are, whatever the type says.
  if (input.type === 'stdin') terminal.write(input.data as unknown as string);
  const fits = (size: number): boolean => size > 0 && size < 0x10000;
  if (input.type === 'resize' && fits(input.width) && fits(input.height)) {
    terminal.resize(input.width, input.height);
  }
}
