import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { createSelfSigned } from '#shared/pki';

export interface SelfSignedFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** Makes them where there are none: a restart keeps them. `hosts`: names and addresses it is for. */
export async function selfSignedFiles(
  dir: string,
  hosts: readonly string[],
  nowMs: number,
  years: number,
): Promise<SelfSignedFiles> {
  const files = { certFile: join(dir, 'cert.pem'), keyFile: join(dir, 'key.pem') };
  if (existsSync(files.certFile) && existsSync(files.keyFile)) return files;
  const isAddress = (host: string): boolean => isIP(host) !== 0;
  const { cert, key } = await createSelfSigned('quorate', nowMs, years, {
    dns: hosts.filter((host) => !isAddress(host)),
    ips: hosts.filter(isAddress),
  });
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await writeFile(files.keyFile, key, { mode: 0o600 });
  await writeFile(files.certFile, cert);
  return files;
}
