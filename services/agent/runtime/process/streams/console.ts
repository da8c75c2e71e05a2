import { execFile } from 'node:child_process';
import { constants, open as openDescriptor } from 'node:fs';
import { type FileHandle, open, readFile, writeFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '#shared/rpc';
import { sendSignal } from '../process-table.ts';

/*
 * A container's standard input and terminal. The input is a FIFO in the container's folder. As long
 * as a holder (started by the shim) has it open for writing, the container's input does not end, whatever
 * clients and agents come and go.
 */

const fifo = (folder: string): string => join(folder, 'stdin');
const sizeFile = (folder: string): string => join(folder, 'size');

/** A container's end of its input, and one that keeps it from ending: both to be closed. */
export interface OpenedInput {
  readonly read: FileHandle;
  readonly hold: FileHandle;
}

export async function makeInput(folder: string): Promise<OpenedInput> {
  await promisify(execFile)('mkfifo', ['-m', '600', fifo(folder)]);
  // First for both directions, since reading alone would wait for a writer.
  const hold = await open(fifo(folder), constants.O_RDWR);
  return { hold, read: await open(fifo(folder), constants.O_RDONLY) };
}

/** Undefined where nobody can read any more, or ever could. */
export async function openInput(folder: string): Promise<Socket | undefined> {
  let fd: number;
  try {
    fd = await promisify(openDescriptor)(fifo(folder), constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  const socket = new Socket({ fd, readable: false, writable: true });
  // Nobody reads: the container has ended, or closed its input.
  socket.on('error', () => socket.destroy());
  return socket;
}

/** The container's input ends when the last client has left: Kubernetes' stdinOnce. */
export async function endInput(folder: string, group: number): Promise<void> {
  const pid = Number(await readFile(join(folder, 'stdin.holder'), 'utf8').catch(() => ''));
  if (pid > 0 && (await isInGroup(pid, group))) sendSignal(pid, 'SIGKILL');
}

async function isInGroup(pid: number, group: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]) === group;
}

/** The command that runs `command` on a terminal. */
export function onTerminal(folder: string, command: readonly string[]): string[] {
  const main = join(packageRoot, 'dist/services/agent/runtime/process/terminal/main.js');
  return [process.execPath, main, sizeFile(folder), ...command];
}

/** Gives a container's terminal a size; `pid` is the process of `onTerminal`. */
export async function resizeTerminal(
  folder: string,
  pid: number,
  { width, height }: { readonly width: number; readonly height: number },
): Promise<void> {
  const fits = (size: number): boolean => size > 0 && size < 0x10000;
  if (!fits(width) || !fits(height)) return;
  await writeFile(sizeFile(folder), `${width} ${height}`, { mode: 0o600 });
  sendSignal(pid, 'SIGWINCH');
}
