import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import { QuorateError } from '#shared/base';
import type { Message } from '#shared/raft';
import type { LeaderLeaseRequest } from '../consensus/transport.ts';
import {
  decodeBatch,
  decodeSnapshotPart,
  encodeBatch,
  encodeSnapshotPart,
  type SnapshotPart,
} from '../wire/message.ts';
import { type ClusterView, decodeCluster, encodeCluster } from '../wire/cluster.ts';
import {
  decodeCommand,
  encodeCommand,
  isMemberChange,
  type MemberChange,
} from '../wire/command.ts';
import { Reader, Writer } from '../wire/protobuf.ts';

export interface Empty {
  readonly empty?: never;
}

/** The service of proto/raft/raft.proto, with the codecs of the wire folder. */
export interface PeerService extends ServiceDefinition {
  readonly Messages: MethodDefinition<readonly Message[], Empty>;
  readonly InstallSnapshot: MethodDefinition<SnapshotPart, Empty>;
  readonly LeaderLease: MethodDefinition<LeaderLeaseRequest, number>;
  readonly ChangeMembers: MethodDefinition<MemberChange, Empty>;
  readonly Members: MethodDefinition<Empty, ClusterView>;
}

const encodeEmpty = (): Buffer => Buffer.alloc(0);
const decodeEmpty = (): Empty => ({});

const writer = new Writer();

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function finished(): Buffer {
  return asBuffer(writer.finish());
}

function encodeLeaseRequest({ id, renew }: LeaderLeaseRequest): Buffer {
  writer.reset();
  writer.bigint(1, id);
  writer.boolean(2, renew);
  return finished();
}

function decodeLeaseRequest(bytes: Buffer): LeaderLeaseRequest {
  const reader = new Reader(bytes);
  let id = 0n;
  let renew = false;
  while (!reader.done) {
    const field = reader.field();
    if (field === 1) id = reader.bigint();
    else if (field === 2) renew = reader.boolean();
    else reader.skip();
  }
  return { id, renew };
}

function encodeLeaseResponse(ttl: number): Buffer {
  writer.reset();
  writer.integer(1, ttl);
  return finished();
}

function decodeLeaseResponse(bytes: Buffer): number {
  const reader = new Reader(bytes);
  let ttl = 0;
  while (!reader.done) {
    if (reader.field() === 1) ttl = reader.integer();
    else reader.skip();
  }
  return ttl;
}

function decodeMemberChange(bytes: Buffer): MemberChange {
  const { operation } = decodeCommand(bytes);
  if (!isMemberChange(operation)) {
    throw new QuorateError('bad-request', `${operation.type} changes no members`);
  }
  return operation;
}

export const peerService: PeerService = {
  Messages: {
    path: '/quorate.raft.Peer/Messages',
    requestStream: true,
    responseStream: true,
    requestSerialize: encodeBatch,
    requestDeserialize: decodeBatch,
    responseSerialize: encodeEmpty,
    responseDeserialize: decodeEmpty,
  },
  InstallSnapshot: {
    path: '/quorate.raft.Peer/InstallSnapshot',
    requestStream: true,
    responseStream: false,
    requestSerialize: encodeSnapshotPart,
    requestDeserialize: decodeSnapshotPart,
    responseSerialize: encodeEmpty,
    responseDeserialize: decodeEmpty,
  },
  LeaderLease: {
    path: '/quorate.raft.Peer/LeaderLease',
    requestStream: false,
    responseStream: false,
    requestSerialize: encodeLeaseRequest,
    requestDeserialize: decodeLeaseRequest,
    responseSerialize: encodeLeaseResponse,
    responseDeserialize: decodeLeaseResponse,
  },
  ChangeMembers: {
    path: '/quorate.raft.Peer/ChangeMembers',
    requestStream: false,
    responseStream: false,
    // Nobody waits for it by number: the answer comes with the call.
    requestSerialize: (operation) => asBuffer(encodeCommand({ member: 0, sequence: 0, operation })),
    requestDeserialize: decodeMemberChange,
    responseSerialize: encodeEmpty,
    responseDeserialize: decodeEmpty,
  },
  Members: {
    path: '/quorate.raft.Peer/Members',
    requestStream: false,
    responseStream: false,
    requestSerialize: encodeEmpty,
    requestDeserialize: decodeEmpty,
    responseSerialize: (view) => asBuffer(encodeCluster(view)),
    responseDeserialize: decodeCluster,
  },
};
