import { type ErrorCode, type ErrorDetails, errorCodes, QuorateError } from '#shared/base';
import type { Digest, LeaderLeaseRequest } from '../consensus/transport.ts';
import { type ClusterView, decodeCluster, encodeCluster } from './cluster.ts';
import { decodeCommand, encodeCommand, isMemberChange, type MemberChange } from './command.ts';
import { Reader, Writer } from './protobuf.ts';

/** What a connection is for: the enum of proto/raft/raft.proto. */
export type Purpose = 'messages' | 'snapshot' | 'members';
const purposes: readonly Purpose[] = ['messages', 'snapshot', 'members'];

/** The first frame of a connection. */
export interface Hello {
  readonly protocol: string;
  readonly purpose: Purpose;
  readonly cluster: number;
  readonly from: number;
  readonly to: number;
  readonly incarnation: number;
  /** Where the caller listens: a member that does not know of it yet answers there. */
  readonly addresses: readonly string[];
}

/** What one member asks of another; answers come by number. */
export type PeerCall =
  | { readonly type: 'leader-lease'; readonly lease: LeaderLeaseRequest }
  | { readonly type: 'change-members'; readonly change: MemberChange }
  | { readonly type: 'digest'; readonly revision: number };

export type PeerAnswer =
  | { readonly ttl: number }
  | { readonly cluster: ClusterView }
  | { readonly digest: Digest }
  | { readonly error: QuorateError };

const writer = new Writer();

export function encodeHello(hello: Hello): Uint8Array {
  writer.reset();
  writer.string(1, hello.protocol);
  writer.integer(2, purposes.indexOf(hello.purpose));
  writer.integer(3, hello.cluster);
  writer.integer(4, hello.from);
  writer.integer(5, hello.to);
  writer.integer(6, hello.incarnation);
  for (const address of hello.addresses) writer.string(7, address);
  return writer.finish();
}

/** Undefined where the purpose is not known here. */
export function decodeHello(bytes: Uint8Array): Hello | undefined {
  const reader = new Reader(bytes);
  const hello = { protocol: '', purpose: 0, cluster: 0, from: 0, to: 0, incarnation: 0 };
  const addresses: string[] = [];
  while (!reader.done) {
    const field = reader.field();
    if (field === 1) hello.protocol = reader.string();
    else if (field === 2) hello.purpose = reader.integer();
    else if (field === 3) hello.cluster = reader.integer();
    else if (field === 4) hello.from = reader.integer();
    else if (field === 5) hello.to = reader.integer();
    else if (field === 6) hello.incarnation = reader.integer();
    else if (field === 7) addresses.push(reader.string());
    else reader.skip();
  }
  const purpose = purposes[hello.purpose];
  return purpose && { ...hello, purpose, addresses };
}

export function encodeCall(id: number, call: PeerCall): Uint8Array {
  writer.reset();
  writer.integer(1, id);
  if (call.type === 'leader-lease') {
    writer.message(2, () => {
      writer.bigint(1, call.lease.id);
      writer.boolean(2, call.lease.renew);
    });
    return writer.finish();
  }
  if (call.type === 'digest') {
    writer.message(4, () => writer.integer(1, call.revision));
    return writer.finish();
  }
  // Nobody waits for it by number in the log: the answer comes with the call.
  const command = encodeCommand({ member: 0, sequence: 0, operation: call.change });
  writer.bytesAlways(3, command);
  return writer.finish();
}

export function decodeCall(bytes: Uint8Array): { readonly id: number; readonly call: PeerCall } {
  const reader = new Reader(bytes);
  let id = 0;
  let call: PeerCall | undefined;
  while (!reader.done) {
    const field = reader.field();
    if (field === 1) id = reader.integer();
    else if (field === 2) call = { type: 'leader-lease', lease: readLease(reader.message()) };
    else if (field === 3) call = { type: 'change-members', change: memberChange(reader.bytes()) };
    else if (field === 4) call = { type: 'digest', revision: readRevision(reader.message()) };
    else reader.skip();
  }
  if (!call) throw new QuorateError('unimplemented', 'a call of another member is not known here');
  return { id, call };
}

function readLease(reader: Reader): LeaderLeaseRequest {
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

function readRevision(reader: Reader): number {
  let revision = 0;
  while (!reader.done) {
    if (reader.field() === 1) revision = reader.integer();
    else reader.skip();
  }
  return revision;
}

function readDigest(reader: Reader): Digest {
  const digest = { hash: 0, revision: 0, compactRevision: 0 };
  while (!reader.done) {
    const field = reader.field();
    if (field === 1) digest.hash = reader.integer();
    else if (field === 2) digest.revision = reader.integer();
    else if (field === 3) digest.compactRevision = reader.integer();
    else reader.skip();
  }
  return digest;
}

function memberChange(bytes: Uint8Array): MemberChange {
  const { operation } = decodeCommand(bytes);
  if (isMemberChange(operation)) return operation;
  throw new QuorateError('bad-request', `${operation.type} changes no members`);
}

export function encodeAnswer(id: number, answer: PeerAnswer): Uint8Array {
  writer.reset();
  writer.integer(1, id);
  if ('ttl' in answer) {
    writer.integer(2, answer.ttl);
    return writer.finish();
  }
  if ('cluster' in answer) {
    const head = writer.finish();
    const cluster = encodeCluster(answer.cluster);
    writer.reset();
    writer.bytesAlways(3, cluster);
    return Buffer.concat([head, writer.finish()]);
  }
  if ('digest' in answer) {
    const { hash, revision, compactRevision } = answer.digest;
    writer.message(5, () => {
      writer.integer(1, hash);
      writer.integer(2, revision);
      writer.integer(3, compactRevision);
    });
    return writer.finish();
  }
  writer.message(4, () => writeError(answer.error));
  return writer.finish();
}

export function decodeAnswer(bytes: Uint8Array): {
  readonly id: number;
  readonly answer: PeerAnswer;
} {
  const reader = new Reader(bytes);
  let id = 0;
  let answer: PeerAnswer = { ttl: 0 };
  while (!reader.done) {
    const field = reader.field();
    if (field === 1) id = reader.integer();
    else if (field === 2) answer = { ttl: reader.integer() };
    else if (field === 3) answer = { cluster: decodeCluster(reader.bytes()) };
    else if (field === 4) answer = { error: readError(reader.message()) };
    else if (field === 5) answer = { digest: readDigest(reader.message()) };
    else reader.skip();
  }
  return { id, answer };
}

export function encodeError(error: QuorateError): Uint8Array {
  writer.reset();
  writeError(error);
  return writer.finish();
}

export function decodeError(bytes: Uint8Array): QuorateError {
  return readError(new Reader(bytes));
}

function writeError(error: QuorateError): void {
  writer.string(1, error.code);
  writer.string(2, error.message);
  writer.string(3, error.details.kind ?? '');
}

function readError(reader: Reader): QuorateError {
  let code = 'unknown';
  let message = '';
  let kind = '';
  while (!reader.done) {
    const field = reader.field();
    if (field === 1) code = reader.string();
    else if (field === 2) message = reader.string();
    else if (field === 3) kind = reader.string();
    else reader.skip();
  }
  const known: ErrorCode = code in errorCodes ? (code as ErrorCode) : 'unknown';
  const details: ErrorDetails = kind === '' ? {} : { kind };
  return new QuorateError(known, message, { details });
}
