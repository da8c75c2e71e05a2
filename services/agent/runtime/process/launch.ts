import { spawn } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ContainerConfig } from '../runtime.ts';
import type { ContainerDir, StartFailure } from './container-dir.ts';
import { shimArguments } from './shim.ts';

/**
 * Starts a container's shim. Resolves when the start is on record, whoever made it; a command that
 * cannot be run is on record as that. `onExit` is called once, when the shim is gone.
 */
export async function launch(
  dir: ContainerDir,
  config: ContainerConfig,
  podDir: string,
  onExit: () => void,
): Promise<void> {
  const cwd = config.workingDir ?? join(podDir, 'work');
  if (config.workingDir === undefined) await mkdir(cwd, { recursive: true, mode: 0o700 });
  const failure = whyNot(config, cwd);
  if (failure) {
    await dir.revokeStart(failure);
    return;
  }
  const log = await open(dir.logPath, 'a', 0o600);
  try {
    await spawnShim(dir, config, cwd, log, onExit);
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    await dir.revokeStart({ exitCode: 128, reason: 'StartError', message });
  } finally {
    await log.close();
  }
}

function spawnShim(
  dir: ContainerDir,
  config: ContainerConfig,
  cwd: string,
  log: FileHandle,
  onExit: () => void,
): Promise<void> {
  return new Promise((started, failed) => {
    const shim = spawn('/bin/sh', shimArguments(dir.path, config.command), {
      cwd,
      env: config.env,
      detached: true,
      stdio: ['ignore', log.fd, log.fd, 'ignore', 'pipe'],
    });
    let spawned = false;
    // The shim keeps its end open as long as it lives; one word on it is all there is.
    const word = shim.stdio[4];
    word?.on('error', () => undefined);
    word?.once('data', () => {
      word.destroy();
      started();
    });
    shim.once('spawn', () => {
      spawned = true;
    });
    shim.once('error', (error) => {
      if (!spawned) failed(error);
    });
    shim.once('exit', () => {
      started();
      onExit();
    });
    // Containers outlive the agent: they must not keep it alive.
    shim.unref();
  });
}

/** What a container runtime says of a command that it cannot run, before it tries. */
function whyNot(config: ContainerConfig, cwd: string): StartFailure | undefined {
  const [command = ''] = config.command;
  const failure = (exitCode: number, why: string): StartFailure => ({
    exitCode,
    reason: 'StartError',
    message: `failed to start container "${config.name}": ${why}`,
  });
  if (!isFolder(cwd)) return failure(128, `chdir to cwd "${cwd}": no such directory`);
  if (command.includes('/')) {
    const path = resolve(cwd, command);
    if (isProgram(path)) return undefined;
    return exists(path)
      ? failure(126, `exec: "${command}": permission denied`)
      : failure(127, `exec: "${command}": no such file or directory`);
  }
  const found = (config.env['PATH'] ?? '')
    .split(':')
    .some((folder) => isProgram(resolve(cwd, folder, command)));
  return found ? undefined : failure(127, `exec: "${command}": executable file not found in $PATH`);
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
