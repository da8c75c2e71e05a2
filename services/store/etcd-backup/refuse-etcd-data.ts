import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { QuorateError } from '#shared/base';

/** A directory of a real etcd is not ours to start on, and to begin empty beside its data would hide that. */
export function refuseEtcdData(dataDir: string): void {
  const database = join(dataDir, 'member', 'snap', 'db');
  if (!existsSync(database)) return;
  throw new QuorateError(
    'bad-request',
    `the data directory ${dataDir} is that of a real etcd. Take its data over into another one: quorate store restore ${database} --skip-hash-check --data-dir NEW, with this member's other flags, while that etcd is stopped`,
  );
}
