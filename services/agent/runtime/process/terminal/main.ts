import { readFileSync, writeSync } from 'node:fs';
import { spawn } from '@lydell/node-pty';

/*
 * Runs a command on a terminal, in the place of a container's own command: `main.js SIZE-FILE COMMAND…`.
 * What it reads is typed, what appears is written out. It outlives the agent, and ends as the command
 * does. On SIGWINCH the terminal gets the size in the file, "<columns> <rows>".
 */
const [, , sizeFile = '', file = '', ...args] = process.argv;
// Bytes, whatever the types say, where no encoding is named.
const terminal = spawn(file, args, {
  name: 'xterm',
  cwd: process.cwd(),
  env: { ...process.env },
  encoding: null,
});
terminal.onData((data) => void writeSync(1, data as unknown as Uint8Array));
terminal.onExit(({ exitCode, signal }) => process.exit(signal ? 128 + signal : exitCode));
process.stdin.on('data', (data) => terminal.write(data as unknown as string));
// No input is no reason to end.
process.stdin.on('error', () => undefined);

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const) {
  process.on(signal, () => terminal.kill(signal));
}
process.on('SIGWINCH', () => {
  const [columns = 0, rows = 0] = readFileSync(sizeFile, 'utf8').split(' ').map(Number);
  if (columns > 0 && rows > 0) terminal.resize(columns, rows);
});
