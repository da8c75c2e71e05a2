import { spawn, type StdioOptions } from 'node:child_process';
import { type FileHandle, open } from 'node:fs/promises';
import { messageOf } from '#shared/base';
import type { ContainerConfig } from '../runtime.ts';
import type { ContainerDir } from './container-dir.ts';
import type { ContainerRoot } from './mounts/container-root.ts';
import { type CommandPlace, whyNotRunnable } from './runnable.ts';
import { shimArguments } from './shim.ts';
import { makeInput, onTerminal } from './streams/console.ts';

/**
 * Starts a container's shim. Resolves when the start is on record, whoever made it; a command that
 * cannot be run is on record as that. `onExit` is called once, when the shim is gone.
 */
export async function launch(
  dir: ContainerDir,
  config: ContainerConfig,
  cwd: string,
  root: ContainerRoot,
  onExit: () => void,
): Promise<void> {
  const place = { command: config.command, cwd, env: config.env };
  const why = whyNotRunnable(place, root.locate);
  if (why) {
    const message = `failed to start container "${config.name}": ${why.message}`;
    await dir.revokeStart({ exitCode: why.exitCode, reason: 'StartError', message });
    return;
  }
  const files: FileHandle[] = [];
  try {
    const log = await open(dir.logPath, 'a', 0o600);
    files.push(log);
    const input = config.stdin ? await makeInput(dir.path) : undefined;
    if (input) files.push(input.read, input.hold);
    await spawnShim(
      dir,
      config,
      root.enter(place),
      [input?.read.fd ?? 'ignore', log.fd, log.fd, 'ignore', 'pipe', input?.hold.fd ?? 'ignore'],
      onExit,
    );
  } catch (thrown) {
    const message = messageOf(thrown);
    await dir.revokeStart({ exitCode: 128, reason: 'StartError', message });
  } finally {
    for (const file of files) await file.close();
  }
}

function spawnShim(
  dir: ContainerDir,
  { tty }: ContainerConfig,
  place: CommandPlace,
  stdio: StdioOptions,
  onExit: () => void,
): Promise<void> {
  return new Promise((started, failed) => {
    const { cwd, env } = place;
    const command = tty ? onTerminal(dir.path, place.command) : place.command;
    const shim = spawn('/bin/sh', shimArguments(dir.path, command), {
      cwd,
      env,
      detached: true,
      stdio,
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
