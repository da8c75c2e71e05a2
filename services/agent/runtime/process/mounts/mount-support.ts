import { spawn } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ownUser } from '#shared/runtime';
import { ContainerRoot, type MountSupport } from './container-root.ts';

/**
 * Finds out what this machine and this user can do by doing it: a volume at a path that the host does
 * not have, read by a command. `dir` is a folder to work in.
 */
export async function findMountSupport(dir: string): Promise<MountSupport> {
  const candidates: MountSupport[] =
    ownUser().uid === 0 ? ['root', 'user-namespace'] : ['user-namespace'];
  for (const support of candidates) {
    const place = join(dir, `.rehearsal-${support}`);
    try {
      if (await works(support, place)) return support;
    } finally {
      await rm(place, { recursive: true, force: true });
    }
  }
  return 'none';
}

async function works(support: MountSupport, dir: string): Promise<boolean> {
  const hostPath = join(dir, 'volume');
  await mkdir(hostPath, { recursive: true, mode: 0o700 });
  await writeFile(join(hostPath, 'there'), '');
  const containerPath = '/quorate-rehearsal/volume';
  const root = new ContainerRoot(support, dir, [{ hostPath, containerPath, readOnly: true }]);
  root.prepare();
  const command = ['test', '-f', `${containerPath}/there`];
  const {
    command: [file = '', ...args],
  } = root.enter({ command, cwd: '/', env: {} });
  return new Promise((resolve) => {
    const child = spawn(file, args, { cwd: '/', stdio: 'ignore' });
    child.once('error', () => resolve(false));
    child.once('exit', (code) => resolve(code === 0));
  });
}
