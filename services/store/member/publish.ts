import type { RaftNode } from '../consensus/node.ts';
import type { Settings } from '../options.ts';
import type { StateMachine } from '../state/state-machine.ts';
import { type Identity, type IdentityFile, writeIdentity } from './identity.ts';
import type { Member } from './member.ts';

export interface PublishParts {
  readonly settings: Settings;
  readonly node: RaftNode;
  readonly state: StateMachine;
  readonly dir: IdentityFile;
  readonly stopping: () => boolean;
}

/**
 * Tells the others where this member is, as soon as somebody leads; as etcd's publish. Resolves when the
 * cluster knows it: false where there is nothing to tell any more, since this member stops or was removed.
 */
export async function publish(parts: PublishParts, identity: Identity): Promise<boolean> {
  const { settings, node, state, dir, stopping } = parts;
  const { log, clock, electionMs, initialAdvertisePeerUrls: peerUrls } = settings;
  while (!stopping()) {
    const known = state.members.get(identity.memberId);
    if (!known) return false;
    const member = described(known, identity, settings);
    try {
      if (JSON.stringify(member) === JSON.stringify(known)) {
        await node.linearizable();
        return true;
      }
      await node.propose({ type: 'publish-member', member });
      await writeIdentity(dir, { ...identity, peerUrls });
    } catch (thrown) {
      log.debug({ error: String(thrown) }, 'could not publish this member yet');
      await clock.sleep(electionMs);
    }
  }
  return false;
}

/** An address that the members agreed on stays, unless the flags have changed since. */
function described(known: Member, { incarnation, peerUrls }: Identity, settings: Settings): Member {
  const { name, advertiseClientUrls, initialAdvertisePeerUrls } = settings;
  const moved = initialAdvertisePeerUrls.join() !== peerUrls.join();
  return {
    ...known,
    name,
    peerUrls: moved ? initialAdvertisePeerUrls : known.peerUrls,
    clientUrls: advertiseClientUrls,
    incarnation,
  };
}
