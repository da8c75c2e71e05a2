import { QuorateError } from '#shared/base';
import type { DataDir } from '#shared/storage';
import type { Settings } from '../options.ts';
import { writeMembers } from '../state/state-machine.ts';
import {
  type Identity,
  initialClusterId,
  initialMembers,
  readIdentity,
  writeIdentity,
} from './identity.ts';
import type { Member } from './member.ts';

/** Who this member is, and where the members' table had everybody when the process started. */
export interface Founded {
  readonly identity: Identity;
  readonly peerUrls: ReadonlyMap<number, string | undefined>;
}

/** Comes back as whoever the data directory says, or founds the cluster that the flags describe. */
export async function found(settings: Settings, dir: DataDir): Promise<Founded> {
  const known = await readIdentity(dir);
  const identity = known ? await comeBack(known, settings, dir) : await foundCluster(settings, dir);
  const members = (dir.backend.getMeta('members') ?? []) as Member[];
  return { identity, peerUrls: new Map(members.map(({ id, peerUrls }) => [id, peerUrls[0]])) };
}

async function comeBack(known: Identity, settings: Settings, dir: DataDir): Promise<Identity> {
  if (known.name !== settings.name) {
    throw new QuorateError(
      'bad-request',
      `the data directory ${settings.dataDir} belongs to member "${known.name}", not to "${settings.name}": check --name and --data-dir`,
    );
  }
  const identity = { ...known, starts: known.starts + 1 };
  await writeIdentity(dir, identity);
  return identity;
}

const firstState = { index: 1, term: 1 };

/** Every member computes the same first state, so that no log entry is needed for it. */
async function foundCluster(settings: Settings, dir: DataDir): Promise<Identity> {
  const { name, initialCluster, initialClusterToken, initialClusterState, dataDir } = settings;
  if (initialClusterState === 'existing') {
    throw new QuorateError(
      'failed-precondition',
      `--initial-cluster-state=existing, but ${dataDir} is empty: adding members to a running cluster is not supported yet`,
    );
  }
  const members = initialMembers(initialCluster, initialClusterToken);
  const own = members.find((member) => member.name === name);
  if (!own) {
    const names = members.map((member) => member.name).join(', ');
    throw new QuorateError(
      'bad-request',
      `couldn't find local name "${name}" in the initial cluster configuration (it has: ${names})`,
    );
  }
  const voters = members.map(({ id }) => id).sort((a, b) => a - b);
  const confState = {
    voters,
    learners: [],
    votersOutgoing: [],
    learnersNext: [],
    autoLeave: false,
  };
  // As if all had installed one snapshot: a member that joins later cannot replay it, and gets one.
  const { index, term } = firstState;
  await dir.log.startFrom(
    { index, term, backend: dir.log.backendNumber },
    { term, vote: 0, commit: index },
  );
  writeMembers(dir.backend, members);
  dir.backend.setApplied({ index, term, confState });
  await dir.backend.flush();
  dir.log.setConfState(confState);
  const clusterId = initialClusterId(members, initialClusterToken);
  const identity = { memberId: own.id, clusterId, name, starts: 1 };
  // Last: from here on this directory has an identity, and everything that goes with it.
  await writeIdentity(dir, identity);
  return identity;
}
