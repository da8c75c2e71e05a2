import { handleUnary, headerToWire } from '#shared/rpc';
import type { ClusterHandlers } from '../../../shared/rpc/gen/etcdserverpb/Cluster.ts';
import type { Member as PbMember } from '../../../shared/rpc/gen/etcdserverpb/Member.ts';
import type { Member } from '../member/member.ts';
import { idOfShown, shownId } from '../member/shown-id.ts';
import { membershipErrors } from '../member/membership-errors.ts';
import { headerAt, type Serving } from '../serve/context.ts';
import type { Membership } from '../serve/membership.ts';
import { type Gate, gated } from './gate.ts';

export function clusterHandlers(
  membership: Membership,
  serving: Serving,
  gate: Gate,
): ClusterHandlers {
  const answer = (members = membership.members()) => ({
    // As etcd's: members are not part of any revision.
    header: headerToWire(headerAt(serving, 0)),
    members: members.map(memberToWire),
  });
  const asAdmin = { needs: 'admin' } as const;
  return {
    MemberList: handleUnary(
      // Told to anybody, as before etcd 3.5.28: Patroni asks for it before it knows who it is.
      gated(gate, async ({ linearizable }) => answer(await membership.list(linearizable)), {
        needs: 'nobody',
      }),
    ),
    MemberAdd: handleUnary(
      gated(
        gate,
        async ({ peerURLs, isLearner }) => {
          const member = await membership.add(peerURLs, isLearner);
          return { ...answer(), member: memberToWire(member) };
        },
        asAdmin,
      ),
    ),
    MemberRemove: handleUnary(
      gated(
        gate,
        async ({ ID }) => {
          const id = idFromWire(ID);
          await membership.remove(id);
          return answer(membership.members().filter((member) => member.id !== id));
        },
        asAdmin,
      ),
    ),
    MemberUpdate: handleUnary(
      gated(
        gate,
        async ({ ID, peerURLs }) => {
          await membership.update(idFromWire(ID), peerURLs);
          return answer();
        },
        asAdmin,
      ),
    ),
    MemberPromote: handleUnary(
      gated(
        gate,
        async ({ ID }) => {
          await membership.promote(idFromWire(ID));
          return answer();
        },
        asAdmin,
      ),
    ),
  };
}

function idFromWire(shown: string): number {
  const id = idOfShown(BigInt(shown));
  if (id === undefined) throw membershipErrors.notFound();
  return id;
}

function memberToWire(member: Member): PbMember {
  return {
    ID: String(shownId(member.id)),
    name: member.name,
    peerURLs: [...member.peerUrls],
    clientURLs: [...member.clientUrls],
    isLearner: member.learner,
  };
}
