import type { Member } from '../member/member.ts';
import { Reader, Writer } from './protobuf.ts';

/** What one member tells of its cluster: the `Cluster` of proto/raft/raft.proto. */
export interface ClusterView {
  readonly id: number;
  readonly members: readonly Member[];
  /** Ids that were members once and never will be again. */
  readonly removed: readonly number[];
}

const clusterWriter = new Writer();

export function encodeCluster({ id, members, removed }: ClusterView): Uint8Array {
  clusterWriter.reset();
  clusterWriter.integer(1, id);
  for (const member of members) clusterWriter.message(2, () => writeMember(clusterWriter, member));
  clusterWriter.integers(3, removed);
  return clusterWriter.finish();
}

export function decodeCluster(bytes: Uint8Array): ClusterView {
  const reader = new Reader(bytes);
  const members: Member[] = [];
  let removed: number[] = [];
  let id = 0;
  while (!reader.done) {
    const field = reader.field();
    if (field === 1) id = reader.integer();
    else if (field === 2) members.push(readMember(reader.message()));
    else if (field === 3) removed = reader.integers();
    else reader.skip();
  }
  return { id, members, removed };
}

export function writeMember(writer: Writer, member: Member): void {
  writer.integer(1, member.id);
  writer.string(2, member.name);
  for (const url of member.peerUrls) writer.string(3, url);
  for (const url of member.clientUrls) writer.string(4, url);
  writer.boolean(5, member.learner);
  writer.integer(6, member.incarnation);
}

export function readMember(reader: Reader): Member {
  const peerUrls: string[] = [];
  const clientUrls: string[] = [];
  let id = 0;
  let name = '';
  let learner = false;
  let incarnation = 0;
  while (!reader.done) {
    const field = reader.field();
    if (field === 1) id = reader.integer();
    else if (field === 2) name = reader.string();
    else if (field === 3) peerUrls.push(reader.string());
    else if (field === 4) clientUrls.push(reader.string());
    else if (field === 5) learner = reader.boolean();
    else if (field === 6) incarnation = reader.integer();
    else reader.skip();
  }
  return { id, name, peerUrls, clientUrls, learner, incarnation };
}
