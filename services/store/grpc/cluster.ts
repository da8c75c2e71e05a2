import { handleUnary, headerToWire } from '#shared/rpc';
import type { ClusterHandlers } from '../../../shared/rpc/gen/etcdserverpb/Cluster.ts';
import type { Member as PbMember } from '../../../shared/rpc/gen/etcdserverpb/Member.ts';
import type { Member } from '../member/member.ts';
import { headerNow, type Serving } from '../serve/context.ts';
import { type Gate, gated } from './gate.ts';
import { unimplemented } from './unimplemented.ts';

export function clusterHandlers(serving: Serving, gate: Gate): ClusterHandlers {
  return {
    MemberList: handleUnary(
      gated(gate, async ({ linearizable }) => {
        if (linearizable) await serving.node.linearizable();
        const members = [...serving.state.members.values()].map(memberToWire);
        return { header: headerToWire(headerNow(serving)), members };
      }),
    ),
    MemberAdd: unimplemented('MemberAdd'),
    MemberRemove: unimplemented('MemberRemove'),
    MemberUpdate: unimplemented('MemberUpdate'),
    MemberPromote: unimplemented('MemberPromote'),
  };
}

function memberToWire(member: Member): PbMember {
  return {
    ID: String(member.id),
    name: member.name,
    peerURLs: [...member.peerUrls],
    clientURLs: [...member.clientUrls],
    isLearner: member.learner,
  };
}
