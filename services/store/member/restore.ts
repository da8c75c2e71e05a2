import { open } from 'node:fs/promises';
import { QuorateError } from '#shared/base';
import { DataDir, decodeBackup } from '#shared/storage';
import type { Settings } from '../options.ts';
import { AlarmTable } from '../state/alarms.ts';
import { initialCluster, newIdentity, votersOnly } from './found.ts';
import { readIdentity, writeIdentity } from './identity.ts';
import { MemberTable } from './table.ts';

/**
 * Makes a data directory for a member of a new cluster that begins with what the backup holds. Each
 * of its members is restored from the same file, with the same flags but its name; as with etcd.
 */
export async function restore(settings: Settings, backupFile: string): Promise<void> {
  const { members, own, clusterId } = initialCluster(settings);
  const file = await open(backupFile).catch((thrown: unknown) => {
    throw new QuorateError('bad-request', `cannot read ${backupFile}: ${String(thrown)}`);
  });
  const dir = await DataDir.open(settings.dataDir);
  try {
    if (await readIdentity(dir, settings.rng)) {
      throw new QuorateError(
        'bad-request',
        `the data directory ${settings.dataDir} holds a member already: choose another --data-dir`,
      );
    }
    const staged = await dir.stage(decodeBackup(file));
    const backend = await dir.install(staged, { term: 1, vote: 0, commit: 0 });
    const { index, term } = backend.applied;
    const confState = votersOnly(members);
    // The members and alarms of the old cluster are not those of the new one.
    new MemberTable(backend).begin(members, []);
    new AlarmTable(backend).clearAll();
    // And the new cluster's members begin to count again.
    backend.sequences.clear();
    backend.setApplied({ index, term, confState });
    await backend.flush();
    await dir.log.startFrom(
      { index, term, backend: staged.number },
      { term, vote: 0, commit: index },
    );
    await writeIdentity(dir, newIdentity(own.id, clusterId, settings));
  } finally {
    await dir.close();
    await file.close();
  }
}
