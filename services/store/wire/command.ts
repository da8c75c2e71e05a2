import { assertNever, QuorateError } from '#shared/base';
import type {
  DeleteRangeRequest,
  LeaseCheckpoint,
  LeaseId,
  PutRequest,
  TxnRequest,
} from '#shared/mvcc';
import type { AuthChange } from '../auth/auth-table.ts';
import type { Caller } from '../auth/caller.ts';
import type { Member } from '../member/member.ts';
import type { Alarm, AlarmType } from '../state/alarms.ts';
import { readAuthChange, readCaller, writeAuthChange, writeCaller } from './auth.ts';
import { readMember, writeMember } from './cluster.ts';
import { Reader, Writer } from './protobuf.ts';
import {
  readDeleteRange,
  readPut,
  readTxn,
  writeDeleteRange,
  writePut,
  writeTxn,
} from './requests.ts';

/** What is replicated: the `Command` of proto/raft/raft.proto, and on whose behalf (absent: nobody's). */
export type Operation = Action & { readonly caller?: Caller };

type Action =
  | { readonly type: 'put'; readonly put: PutRequest }
  | { readonly type: 'delete-range'; readonly deleteRange: DeleteRangeRequest }
  | { readonly type: 'txn'; readonly txn: TxnRequest }
  | { readonly type: 'compact'; readonly revision: number }
  | { readonly type: 'lease-grant'; readonly id: LeaseId; readonly ttlSeconds: number }
  | { readonly type: 'lease-revoke'; readonly id: LeaseId }
  | { readonly type: 'lease-checkpoint'; readonly checkpoints: readonly LeaseCheckpoint[] }
  | { readonly type: 'publish-member'; readonly member: Member }
  | { readonly type: 'update-member'; readonly id: number; readonly peerUrls: readonly string[] }
  | { readonly type: 'alarm'; readonly raise: boolean; readonly alarm: Alarm }
  | { readonly type: 'auth'; readonly change: AuthChange }
  | MemberChange;

/** What goes through raft as a change of its configuration. */
export type MemberChange =
  | { readonly type: 'add-member'; readonly member: Member }
  | { readonly type: 'remove-member'; readonly id: number }
  | { readonly type: 'promote-member'; readonly id: number };

export function isMemberChange(operation: Operation): operation is MemberChange {
  return (
    operation.type === 'add-member' ||
    operation.type === 'remove-member' ||
    operation.type === 'promote-member'
  );
}

export interface Command {
  readonly member: number;
  readonly sequence: number;
  readonly operation: Operation;
}

/** NONE, which is 0 on the wire, is no alarm. */
const alarmTypes: readonly AlarmType[] = ['nospace', 'corrupt'];

const writer = new Writer();

/** The result owns its bytes: views in the request are copied. */
export function encodeCommand({ member, sequence, operation }: Command): Uint8Array {
  writer.reset();
  writer.integer(1, member);
  writer.integer(2, sequence);
  writeOperation(operation);
  writeCaller(writer, operation.caller);
  return writer.finish();
}

function writeOperation(operation: Operation): void {
  switch (operation.type) {
    case 'put':
      writer.message(3, () => writePut(writer, operation.put));
      return;
    case 'delete-range':
      writer.message(4, () => writeDeleteRange(writer, operation.deleteRange));
      return;
    case 'txn':
      writer.message(5, () => writeTxn(writer, operation.txn));
      return;
    case 'compact':
      writer.message(6, () => writer.integer(1, operation.revision));
      return;
    case 'lease-grant':
      writer.message(7, () => {
        writer.integer(1, operation.ttlSeconds);
        writer.bigint(2, operation.id);
      });
      return;
    case 'lease-revoke':
      writer.message(8, () => writer.bigint(1, operation.id));
      return;
    case 'publish-member':
      writer.message(9, () => writeMember(writer, operation.member));
      return;
    case 'add-member':
      writer.message(10, () => writeMember(writer, operation.member));
      return;
    case 'remove-member':
      writer.message(11, () => writer.integer(1, operation.id));
      return;
    case 'promote-member':
      writer.message(12, () => writer.integer(1, operation.id));
      return;
    case 'update-member':
      writer.message(13, () => {
        writer.integer(1, operation.id);
        for (const url of operation.peerUrls) writer.string(2, url);
      });
      return;
    case 'alarm':
      writer.message(14, () => {
        writer.boolean(1, operation.raise);
        writer.bigint(2, operation.alarm.memberId);
        writer.integer(3, alarmTypes.indexOf(operation.alarm.alarm) + 1);
        writer.boolean(4, operation.alarm.automatic);
      });
      return;
    case 'lease-checkpoint':
      writer.message(15, () => {
        for (const { id, remainingSeconds } of operation.checkpoints) {
          writer.message(1, () => {
            writer.bigint(1, id);
            writer.integer(2, remainingSeconds);
          });
        }
      });
      return;
    case 'auth':
      writer.message(20, () => writeAuthChange(writer, operation.change));
      return;
    default:
      assertNever(operation, 'operation');
  }
}

/** Values are views into `data`. */
export function decodeCommand(data: Uint8Array): Command {
  const reader = new Reader(data);
  let member = 0;
  let sequence = 0;
  let operation: Operation | undefined;
  let caller: Caller | undefined;
  while (!reader.done) {
    const field = reader.field();
    if (field === 1) member = reader.integer();
    else if (field === 2) sequence = reader.integer();
    else if (field >= 30) caller = readCaller(field, reader, caller);
    else operation = readOperation(field, reader) ?? operation;
  }
  // Skipping it would leave this member with another state than the others.
  if (!operation) {
    throw new QuorateError(
      'data-loss',
      'the log has a command this version does not know: update this member',
    );
  }
  return { member, sequence, operation: caller ? { ...operation, caller } : operation };
}

function readOperation(field: number, reader: Reader): Operation | undefined {
  switch (field) {
    case 3:
      return { type: 'put', put: readPut(reader.message()) };
    case 4:
      return { type: 'delete-range', deleteRange: readDeleteRange(reader.message()) };
    case 5:
      return { type: 'txn', txn: readTxn(reader.message()) };
    case 6:
      return { type: 'compact', revision: readFirst(reader.message()) };
    case 7:
      return readLeaseGrant(reader.message());
    case 8:
      return { type: 'lease-revoke', id: readLeaseRevoke(reader.message()) };
    case 9:
      return { type: 'publish-member', member: readMember(reader.message()) };
    case 10:
      return { type: 'add-member', member: readMember(reader.message()) };
    case 11:
      return { type: 'remove-member', id: readFirst(reader.message()) };
    case 12:
      return { type: 'promote-member', id: readFirst(reader.message()) };
    case 13:
      return readUpdateMember(reader.message());
    case 14:
      return readAlarm(reader.message());
    case 15:
      return readLeaseCheckpoints(reader.message());
    case 20:
      return readAuth(reader.message());
    default:
      reader.skip();
      return undefined;
  }
}

/** For messages of which only field 1, an integer, matters. */
function readFirst(reader: Reader): number {
  let value = 0;
  while (!reader.done) {
    if (reader.field() === 1) value = reader.integer();
    else reader.skip();
  }
  return value;
}

function readLeaseGrant(reader: Reader): Operation {
  let ttlSeconds = 0;
  let id = 0n;
  while (!reader.done) {
    const field = reader.field();
    if (field === 1) ttlSeconds = reader.integer();
    else if (field === 2) id = reader.bigint();
    else reader.skip();
  }
  return { type: 'lease-grant', id, ttlSeconds };
}

function readLeaseRevoke(reader: Reader): LeaseId {
  let id = 0n;
  while (!reader.done) {
    if (reader.field() === 1) id = reader.bigint();
    else reader.skip();
  }
  return id;
}

function readLeaseCheckpoints(reader: Reader): Operation {
  const checkpoints: LeaseCheckpoint[] = [];
  while (!reader.done) {
    if (reader.field() === 1) checkpoints.push(readLeaseCheckpoint(reader.message()));
    else reader.skip();
  }
  return { type: 'lease-checkpoint', checkpoints };
}

function readLeaseCheckpoint(reader: Reader): LeaseCheckpoint {
  let id = 0n;
  let remainingSeconds = 0;
  while (!reader.done) {
    const field = reader.field();
    if (field === 1) id = reader.bigint();
    else if (field === 2) remainingSeconds = reader.integer();
    else reader.skip();
  }
  return { id, remainingSeconds };
}

function readUpdateMember(reader: Reader): Operation {
  const peerUrls: string[] = [];
  let id = 0;
  while (!reader.done) {
    const field = reader.field();
    if (field === 1) id = reader.integer();
    else if (field === 2) peerUrls.push(reader.string());
    else reader.skip();
  }
  return { type: 'update-member', id, peerUrls };
}

function readAlarm(reader: Reader): Operation {
  let raise = false;
  let memberId = 0n;
  let alarm: AlarmType = 'nospace';
  let automatic = false;
  while (!reader.done) {
    const field = reader.field();
    if (field === 1) raise = reader.boolean();
    else if (field === 2) memberId = BigInt.asUintN(64, reader.bigint());
    else if (field === 3) alarm = alarmTypes[reader.integer() - 1] ?? alarm;
    else if (field === 4) automatic = reader.boolean();
    else reader.skip();
  }
  return { type: 'alarm', raise, alarm: { memberId, alarm, automatic } };
}

function readAuth(reader: Reader): Operation | undefined {
  const change = readAuthChange(reader);
  return change && { type: 'auth', change };
}
