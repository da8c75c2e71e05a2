import { open } from 'node:fs/promises';
import { QuorateError } from '#shared/base';
import { backendChunks, DataDir } from '#shared/storage';
import { AuthTable } from '../auth/auth-table.ts';
import { authOf, historyOf, openSnapshot } from '../etcd-backup/etcd-snapshot.ts';
import type { Settings } from '../options.ts';
import { initialCluster, newIdentity, votersOnly } from './found.ts';
import { readIdentity, writeIdentity } from './identity.ts';
import { hexId } from './shown-id.ts';
import { MemberTable } from './table.ts';

export interface RestoreOptions {
  /** As `etcdctl snapshot save` writes it, from this store or from a real etcd. */
  readonly backupFile: string;
  /** Of an etcd database that was copied from a data directory, and has no digest. */
  readonly skipHashCheck: boolean;
}

/**
 * Makes a data directory for a member of a new cluster that begins with what the backup holds. Each
 * of its members is restored from the same file, with the same flags but its name; as with etcd.
 */
export async function restore(
  settings: Settings,
  { backupFile, skipHashCheck }: RestoreOptions,
): Promise<void> {
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
    const bolt = await openSnapshot(file, skipHashCheck);
    const staged = await dir.stage(backendChunks(historyOf(bolt)));
    const backend = await dir.install(staged, { term: 1, vote: 0, commit: 0 });
    await dir.dropReplaced();
    AuthTable.begin(backend, await authOf(bolt));
    const { index, term } = backend.applied;
    const confState = votersOnly(members);
    new MemberTable(backend).begin(members, []);
    backend.setApplied({ index, term, confState });
    await backend.flush();
    await dir.log.startFrom(
      { index, term, backend: staged.number },
      { term, vote: 0, commit: index },
    );
    await writeIdentity(dir, newIdentity(own.id, clusterId, settings));
    for (const { id, peerUrls } of members) {
      const ids = { clusterId: hexId(clusterId), memberId: hexId(id) };
      settings.log.info({ ...ids, peerUrls }, 'added member');
    }
  } finally {
    await dir.close();
    await file.close();
  }
}
