import { mkdir, stat, writeFile } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { QuorateError } from '#shared/base';

const checks: Readonly<Record<string, { what: string; is: (found: Stats) => boolean }>> = {
  Directory: { what: 'a directory', is: (found) => found.isDirectory() },
  File: { what: 'a file', is: (found) => found.isFile() },
  Socket: { what: 'a socket', is: (found) => found.isSocket() },
  CharDevice: { what: 'a character device', is: (found) => found.isCharacterDevice() },
  BlockDevice: { what: 'a block device', is: (found) => found.isBlockDevice() },
};

/** Sees to it that there is at the path what its type asks for. Throws `invalid`, in kubelet's words. */
export async function checkHostPath(path: string, type = ''): Promise<void> {
  if (type === 'DirectoryOrCreate') await mkdir(path, { recursive: true, mode: 0o755 });
  else if (type === 'FileOrCreate') await createFile(path);
  const [kind] = type.split('OrCreate');
  const check = checks[kind ?? ''];
  const found = await stat(path).catch(() => undefined);
  if (!found) throw refused(`${path} does not exist`);
  if (check && !check.is(found)) throw refused(`${path} is not ${check.what}`);
}

async function createFile(path: string): Promise<void> {
  try {
    await writeFile(path, '', { flag: 'wx', mode: 0o644 });
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
  }
}

const refused = (why: string): QuorateError =>
  new QuorateError('invalid', `hostPath type check failed: ${why}`);
