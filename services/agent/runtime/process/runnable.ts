import { accessSync, constants, statSync } from 'node:fs';
import { resolve } from 'node:path';

/** A command and where it runs. */
export interface CommandPlace {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** A shell's exit code and a runtime's words for a command that cannot be run. */
export interface NotRunnable {
  readonly exitCode: number;
  readonly message: string;
}

/**
 * What a container runtime says of such a command before it tries; undefined: nothing. `locate` says
 * where on the host a path of the container is.
 */
export function whyNotRunnable(
  place: CommandPlace,
  locate: (path: string) => string,
): NotRunnable | undefined {
  const { cwd, env } = place;
  const [command = ''] = place.command;
  const because = (exitCode: number, message: string): NotRunnable => ({ exitCode, message });
  if (!isFolder(locate(cwd))) return because(128, `chdir to cwd "${cwd}": no such directory`);
  if (command.includes('/')) {
    const path = locate(resolve(cwd, command));
    if (isProgram(path)) return undefined;
    return exists(path)
      ? because(126, `exec: "${command}": permission denied`)
      : because(127, `exec: "${command}": no such file or directory`);
  }
  const found = (env['PATH'] ?? '')
    .split(':')
    .some((folder) => isProgram(locate(resolve(cwd, folder, command))));
  return found ? undefined : because(127, `exec: "${command}": executable file not found in $PATH`);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

const exists = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined;
const isFolder = (path: string): boolean =>
  statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
