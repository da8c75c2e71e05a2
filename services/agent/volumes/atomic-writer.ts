import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Payload } from './payload.ts';

const dataLink = '..data';

/**
 * Makes a folder hold exactly these files, in one step for whoever reads them, as kubelet does: the
 * files are in a folder of their own, `..data` is a link to it, and each name is a link into `..data`. An
 * update renames a new `..data` over the old one. Nothing is written where nothing differs.
 */
export async function writeAtomically(folder: string, payload: Payload): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const former = await currentData(folder);
  if (former === undefined || !(await holds(join(folder, former), payload))) {
    const data = await mkdtemp(join(folder, '..data-'));
    await writeFiles(data, payload);
    const link = join(folder, `${dataLink}_tmp`);
    await rm(link, { force: true });
    await symlink(data.slice(folder.length + 1), link);
    await rename(link, join(folder, dataLink));
  }
  await linkNames(folder, new Set([...payload.keys()].map((path) => path.split('/')[0] ?? '')));
  await removeOthers(folder);
}

/** Whether the folder was filled before. */
export const isFilled = async (folder: string): Promise<boolean> =>
  (await currentData(folder)) !== undefined;

async function currentData(folder: string): Promise<string | undefined> {
  try {
    return await readlink(join(folder, dataLink));
  } catch {
    return undefined;
  }
}

async function writeFiles(data: string, payload: Payload): Promise<void> {
  await chmod(data, 0o755);
  for (const [path, { content, mode }] of payload) {
    const file = join(data, path);
    await mkdir(dirname(file), { recursive: true, mode: 0o755 });
    await writeFile(file, content, { mode: 0o600 });
    await chmod(file, mode);
  }
}

async function holds(data: string, payload: Payload): Promise<boolean> {
  const files = await readdir(data, { recursive: true, withFileTypes: true }).catch(() => []);
  if (files.filter((entry) => entry.isFile()).length !== payload.size) return false;
  for (const [path, { content, mode }] of payload) {
    const file = join(data, path);
    try {
      if (((await lstat(file)).mode & 0o777) !== mode) return false;
      if (!(await readFile(file)).equals(content)) return false;
    } catch {
      return false;
    }
  }
  return true;
}

async function linkNames(folder: string, names: ReadonlySet<string>): Promise<void> {
  const there = new Set<string>();
  for (const name of await readdir(folder)) {
    if (name.startsWith('..')) continue;
    const target = await readlink(join(folder, name)).catch(() => undefined);
    // Mount points of others may lie here too.
    if (target !== join(dataLink, name)) continue;
    if (names.has(name)) there.add(name);
    else await rm(join(folder, name));
  }
  for (const name of names) {
    if (!there.has(name)) await symlink(join(dataLink, name), join(folder, name));
  }
}

/** Former data, and what a writer that died has left. */
async function removeOthers(folder: string): Promise<void> {
  const current = await currentData(folder);
  for (const name of await readdir(folder)) {
    if (!name.startsWith('..data-') || name === current) continue;
    await rm(join(folder, name), { recursive: true, force: true });
  }
}
