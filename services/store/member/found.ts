import { isIP } from 'node:net';
import { QuorateError } from '#shared/base';
import type { ConfState, HardState } from '#shared/raft';
import { identityFile, replaceMember } from '#shared/storage';
import { hostOf, parseAddress } from '../address.ts';
import type { MemberLog, MemberStorage } from '../consensus/storage.ts';
import type { Settings } from '../options.ts';
import type { ClusterView } from '../wire/cluster.ts';
import {
  type Identity,
  type IdentityFile,
  initialClusterId,
  initialMembers,
  newId,
  readIdentity,
  writeIdentity,
} from './identity.ts';
import { hasPublished, type Member } from './member.ts';
import { refusals } from './refusal.ts';
import { hexId } from './shown-id.ts';
import { MemberTable } from './table.ts';

/** A member's disk, as far as beginning on it goes. */
export interface FoundingDir extends MemberStorage, IdentityFile {
  readonly log: MemberLog & {
    /** The backend that goes with the log. */
    readonly backendNumber: number;
    startFrom(
      start: { index: number; term: number; backend: number },
      hardState: HardState,
    ): Promise<void>;
  };
}

/** Asks whoever listens at this peer URL for its cluster; undefined: nobody answers. */
export type AskCluster = (peerUrl: string) => Promise<ClusterView | undefined>;

/**
 * Comes back as whoever the data directory says. With an empty one: joins the cluster that has a
 * place for this member, or founds the one that the flags describe. Whoever lived before under this
 * name has promised things that an empty directory does not know, so it is refused, as in etcd.
 */
export async function found(
  settings: Settings,
  dir: FoundingDir,
  ask: AskCluster,
): Promise<Identity> {
  const known = await readIdentity(dir, settings.rng);
  if (known) return comeBack(known, settings, dir);
  refuseForgotten(settings, dir);
  const views = await askOthers(settings, ask);
  for (const view of views) {
    const place = placeIn(view, settings);
    if (place) return join(view, place, settings, dir);
  }
  if (settings.initialClusterState === 'existing') throw cannotJoin(views, settings);
  return foundCluster(settings, dir, views);
}

async function comeBack(known: Identity, settings: Settings, dir: FoundingDir): Promise<Identity> {
  if (known.name !== settings.name) {
    throw new QuorateError(
      'bad-request',
      `the data directory ${settings.dataDir} belongs to member "${known.name}", not to "${settings.name}": check --name and --data-dir`,
    );
  }
  const { applied } = dir.backend;
  const begins = dir.log.compactedIndex();
  if (applied.index < begins) {
    throw new QuorateError(
      'data-loss',
      `the backend in ${settings.dataDir} ends at entry ${applied.index}, and the raft log begins behind ${begins}: what was between is lost: ${replaceMember}`,
    );
  }
  const identity = { ...known, starts: known.starts + 1 };
  await writeIdentity(dir, identity);
  return identity;
}

/** Founding anew what has lived already would throw its log away. */
function refuseForgotten({ dataDir }: Settings, { log, backend }: FoundingDir): void {
  const newest = Math.max(log.lastIndex(), backend.applied.index);
  if (newest <= firstState.index) return;
  throw new QuorateError(
    'data-loss',
    `${dataDir} holds a member's data, but no ${identityFile} that says whose: put that back, or ${replaceMember}`,
  );
}

async function askOthers(settings: Settings, ask: AskCluster): Promise<ClusterView[]> {
  const urls = othersUrls(settings);
  const answers = await Promise.all(urls.map(ask));
  return answers.filter((view) => view !== undefined);
}

function othersUrls({ name, initialCluster }: Settings): string[] {
  return Object.entries(initialCluster).flatMap(([other, urls]) => (other === name ? [] : urls));
}

/** A member that was added, has this one's address, and was never started. */
function placeIn({ members }: ClusterView, settings: Settings): Member | undefined {
  const own = ownPeerUrls(settings);
  return members.find(
    (member) => member.name === '' && member.peerUrls.some((url) => own.includes(url)),
  );
}

function ownPeerUrls({ name, initialCluster, initialAdvertisePeerUrls }: Settings): string[] {
  return [...(initialCluster[name] ?? []), ...initialAdvertisePeerUrls];
}

/** Its log and state are empty: the leader sends a snapshot. The table says where the others are. */
async function join(
  view: ClusterView,
  place: Member,
  settings: Settings,
  dir: FoundingDir,
): Promise<Identity> {
  new MemberTable(dir.backend).begin(view.members, view.removed);
  await dir.backend.flush();
  const identity = newIdentity(place.id, view.id, settings);
  await writeIdentity(dir, identity);
  settings.log.info({ memberId: hexId(place.id), clusterId: hexId(view.id) }, 'joins a cluster');
  return identity;
}

export function newIdentity(
  memberId: number,
  clusterId: number,
  { name, rng }: Settings,
): Identity {
  return { memberId, clusterId, name, starts: 1, incarnation: newId(rng), peerUrls: [] };
}

function cannotJoin(views: readonly ClusterView[], settings: Settings): QuorateError {
  const { name } = settings;
  const [view] = views;
  const own = ownPeerUrls(settings);
  if (!view) {
    const asked = othersUrls(settings);
    return new QuorateError(
      'unavailable',
      `cannot fetch cluster info from peer urls: none of ${asked.join(', ') || '(no others named)'} answers`,
    );
  }
  const taken = view.members.find((member) => member.peerUrls.some((url) => own.includes(url)));
  if (taken) return refusals.bootstrapped(taken.id, name, own[0] ?? '');
  return new QuorateError(
    'failed-precondition',
    `the cluster has no member at ${own.join(', ')}: add it first, \`etcdctl member add ${name} --peer-urls=${own[0] ?? ''}\``,
  );
}

const firstState = { index: 1, term: 1 };

/** Every member computes the same first state, so that no log entry is needed for it. */
async function foundCluster(
  settings: Settings,
  dir: FoundingDir,
  views: readonly ClusterView[],
): Promise<Identity> {
  const { members, own, clusterId } = initialCluster(settings);
  checkAdvertised(own, settings);
  refuseReturn(own, clusterId, views);
  const confState = votersOnly(members);
  // As if all had installed one snapshot: a member that joins later cannot replay it, and gets one.
  const { index, term } = firstState;
  await dir.log.startFrom(
    { index, term, backend: dir.log.backendNumber },
    { term, vote: 0, commit: index },
  );
  new MemberTable(dir.backend).begin(members, []);
  dir.backend.setApplied({ index, term, confState });
  await dir.backend.flush();
  dir.log.setConfState(confState);
  const identity = newIdentity(own.id, clusterId, settings);
  // Last: from here on this directory has an identity, and everything that goes with it.
  await writeIdentity(dir, identity);
  return identity;
}

/** What the flags say of a new cluster, and of this member in it. */
export function initialCluster(settings: Settings): {
  readonly members: readonly Member[];
  readonly own: Member;
  readonly clusterId: number;
} {
  const { name, initialClusterToken } = settings;
  const members = initialMembers(settings.initialCluster, initialClusterToken);
  const own = members.find((member) => member.name === name);
  if (!own) {
    const names = members.map((member) => member.name).join(', ');
    throw new QuorateError(
      'bad-request',
      `couldn't find local name "${name}" in the initial cluster configuration (it has: ${names})`,
    );
  }
  return { members, own, clusterId: initialClusterId(members, initialClusterToken) };
}

export function votersOnly(members: readonly Member[]): ConfState {
  const voters = members.map(({ id }) => id).sort((a, b) => a - b);
  return { voters, learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
}

/** As etcd: the others must look for this member where it says it is. Names are not resolved here. */
function checkAdvertised({ name, peerUrls }: Member, settings: Settings): void {
  const advertised = settings.initialAdvertisePeerUrls;
  if (![...peerUrls, ...advertised].every(isCertain)) return;
  if ([...peerUrls].sort().join() === [...advertised].sort().join()) return;
  const told = peerUrls.map((url) => `${name}=${url}`).join(',');
  throw new QuorateError(
    'bad-request',
    `--initial-cluster has ${told}, which is not what --initial-advertise-peer-urls=${advertised.join(',')} says: give both the same URLs`,
  );
}

/** An address that two URLs can be compared by. */
function isCertain(url: string): boolean {
  const host = hostOf(parseAddress(url));
  return isIP(host) !== 0 && host !== '0.0.0.0' && host !== '::';
}

/** The cluster exists, and this member has lived in it. */
function refuseReturn(own: Member, clusterId: number, views: readonly ClusterView[]): void {
  for (const { id, members, removed } of views) {
    if (id !== clusterId) continue;
    if (removed.includes(own.id)) throw refusals.removed(own.id);
    const known = members.find((member) => member.id === own.id);
    if (known && hasPublished(known)) {
      throw refusals.bootstrapped(own.id, own.name, own.peerUrls[0] ?? '');
    }
  }
}
