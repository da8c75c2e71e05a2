import { expect, inject, test } from 'vitest';
import { createRng, QuorateError, type Rng } from '#shared/base';
import type { Compare, RequestOp, TxnRequest } from '#shared/mvcc';
import type { ConfState, Entry, Message } from '#shared/raft';
import { loadProto } from '#shared/rpc';
import type { AuthChange, Permission } from '../auth/auth-table.ts';
import { anonymous, trusted } from '../auth/caller.ts';
import { decodeCluster, encodeCluster } from './cluster.ts';
import { type Command, decodeCommand, encodeCommand, type Operation } from './command.ts';
import { decodeBatch, decodeSnapshotPart, encodeBatch, encodeSnapshotPart } from './message.ts';
import {
  decodeAnswer,
  decodeCall,
  decodeHello,
  encodeAnswer,
  encodeCall,
  encodeHello,
} from './peer.ts';

interface Codec {
  serialize(value: object): Buffer;
  deserialize(bytes: Buffer): object;
}
const proto = loadProto<{
  quorate: {
    raft: Record<
      'Command' | 'Batch' | 'SnapshotPart' | 'Cluster' | 'Hello' | 'Call' | 'Answer',
      Codec
    >;
  };
}>('raft/raft.proto').quorate.raft;

const seed = inject('seed');

/** What the schema's own codec makes of our bytes, and back, must be the same bytes' meaning. */
function throughSchema(codec: Codec, bytes: Uint8Array): Buffer {
  return codec.serialize(codec.deserialize(Buffer.from(bytes)));
}

const key = (rng: Rng): string =>
  Array.from({ length: 1 + rng.int(8) }, () => String.fromCharCode(rng.int(256))).join('');
const value = (rng: Rng): Uint8Array =>
  Uint8Array.from({ length: rng.int(4) === 0 ? 300 : rng.int(9) }, () => rng.int(256));
const integer = (rng: Rng): number => Math.floor(rng.next() * 2 ** (1 + rng.int(52)));
const lease = (rng: Rng): bigint =>
  BigInt.asIntN(64, (BigInt(integer(rng)) << 12n) * (rng.int(2) === 0 ? 1n : -1n));
const flag = (rng: Rng): boolean => rng.int(2) === 1;

function compare(rng: Rng): Compare {
  const results = ['equal', 'greater', 'less', 'not-equal'] as const;
  const base = {
    key: key(rng),
    rangeEnd: flag(rng) ? key(rng) : undefined,
    result: results[rng.int(4)] ?? 'equal',
  };
  switch (rng.int(4)) {
    case 0:
      return { ...base, target: 'value', value: value(rng) };
    case 1:
      return { ...base, target: 'lease', lease: lease(rng) };
    case 2:
      return { ...base, target: 'mod', revision: -integer(rng) };
    default:
      return { ...base, target: 'create', revision: integer(rng) };
  }
}

function requestOp(rng: Rng, depth: number): RequestOp {
  switch (rng.int(depth > 0 ? 4 : 3)) {
    case 0:
      return {
        type: 'range',
        range: {
          key: key(rng),
          rangeEnd: key(rng),
          limit: integer(rng),
          revision: integer(rng),
          sortOrder: 'descend',
          sortTarget: 'version',
          serializable: flag(rng),
          keysOnly: flag(rng),
          countOnly: flag(rng),
          minModRevision: integer(rng),
          maxModRevision: integer(rng),
          minCreateRevision: integer(rng),
          maxCreateRevision: integer(rng),
        },
      };
    case 1:
      return { type: 'put', put: put(rng) };
    case 2:
      return { type: 'deleteRange', deleteRange: { key: key(rng), prevKv: flag(rng) } };
    default:
      return { type: 'txn', txn: txn(rng, depth - 1) };
  }
}

const put = (rng: Rng) => ({
  key: key(rng),
  value: value(rng),
  lease: lease(rng),
  prevKv: flag(rng),
  ignoreValue: flag(rng),
  ignoreLease: flag(rng),
});

const many = <T>(rng: Rng, make: () => T): T[] => Array.from({ length: rng.int(4) }, make);

function txn(rng: Rng, depth: number): TxnRequest {
  return {
    compare: many(rng, () => compare(rng)),
    success: many(rng, () => requestOp(rng, depth)),
    failure: many(rng, () => requestOp(rng, depth)),
  };
}

function permission(rng: Rng): Permission {
  const types = ['read', 'write', 'readwrite'] as const;
  return { type: types[rng.int(3)] ?? 'read', key: key(rng), rangeEnd: flag(rng) ? key(rng) : '' };
}

function authChange(rng: Rng): AuthChange {
  switch (rng.int(6)) {
    case 0:
      return { action: flag(rng) ? 'enable' : 'disable' };
    case 1:
      return { action: 'authenticate', user: 'müller', tokenPrefix: 'abc' };
    case 2:
      return { action: 'user-add', user: 'u', passwordHash: flag(rng) ? '$2b$10$x' : '' };
    case 3:
      return { action: 'user-grant-role', user: 'u', role: 'rôle' };
    case 4:
      return { action: 'role-delete', role: 'r' };
    default:
      return { action: 'role-grant-permission', role: 'r', permission: permission(rng) };
  }
}

const callers = [anonymous, trusted, { user: 'müller', authRevision: 7 }];

function operation(rng: Rng): Operation {
  const caller = callers[rng.int(5)];
  return caller && caller !== anonymous ? { ...action(rng), caller } : action(rng);
}

function action(rng: Rng): Operation {
  switch (rng.int(12)) {
    case 0:
      return { type: 'put', put: put(rng) };
    case 1:
      return {
        type: 'delete-range',
        deleteRange: { key: key(rng), rangeEnd: key(rng), prevKv: flag(rng) },
      };
    case 2:
      return { type: 'compact', revision: integer(rng) };
    case 3:
      return { type: 'lease-grant', id: lease(rng), ttlSeconds: integer(rng) };
    case 4:
      return { type: 'lease-revoke', id: lease(rng) };
    case 5:
      return {
        type: 'publish-member',
        member: {
          id: 1 + integer(rng),
          name: 'müller',
          peerUrls: ['http://127.0.0.1:1'],
          clientUrls: ['http://127.0.0.1:2', 'http://[::1]:3'],
          learner: flag(rng),
          incarnation: integer(rng),
        },
      };
    case 6:
      return { type: 'remove-member', id: 1 + integer(rng) };
    case 7:
      return {
        type: 'update-member',
        id: 1 + integer(rng),
        peerUrls: ['http://a:1', 'http://b:2'],
      };
    case 8:
      return {
        type: 'alarm',
        raise: flag(rng),
        alarm: {
          memberId: BigInt.asUintN(64, BigInt(integer(rng)) * 0x9e37_79b9_7f4a_7c15n),
          alarm: flag(rng) ? 'nospace' : 'corrupt',
          automatic: flag(rng),
        },
      };
    case 9:
      return { type: 'auth', change: authChange(rng) };
    case 10:
      return {
        type: 'lease-checkpoint',
        checkpoints: [
          { id: lease(rng), remainingSeconds: integer(rng) },
          { id: lease(rng), remainingSeconds: 0 },
        ],
      };
    default:
      return { type: 'txn', txn: txn(rng, 2) };
  }
}

/** Absent, false, empty and zero are one thing on the wire; buffers and arrays hold equal bytes. */
function normal(thing: unknown): unknown {
  if (thing instanceof Uint8Array) return Buffer.from(thing).toString('hex');
  if (Array.isArray(thing)) return thing.map(normal);
  if (typeof thing !== 'object' || thing === null) return thing || undefined;
  return Object.fromEntries(
    Object.entries(thing)
      .map(([name, part]) => [name, normal(part)] as const)
      .filter(([, part]) => part !== undefined && part !== ''),
  );
}

test(`commands survive our codec, and the schema reads them as we do (SEED=${seed})`, () => {
  const rng = createRng(seed);
  for (let round = 0; round < 500; round++) {
    const command: Command = {
      member: 1 + integer(rng),
      sequence: integer(rng),
      operation: operation(rng),
    };
    const bytes = encodeCommand(command);
    expect(normal(decodeCommand(bytes))).toEqual(normal(command));
    const rewritten = throughSchema(proto.Command, bytes);
    expect(normal(decodeCommand(rewritten))).toEqual(normal(command));
  }
});

const entry = (rng: Rng): Entry => ({
  term: integer(rng),
  index: integer(rng),
  type: flag(rng) ? 'normal' : 'conf-change',
  data: value(rng),
});

function message(rng: Rng): Message {
  const base = { from: 1 + integer(rng), to: 1 + integer(rng), term: integer(rng) };
  const context = integer(rng);
  const index = integer(rng);
  const confState: ConfState = {
    voters: [1, 2, integer(rng)],
    learners: [],
    votersOutgoing: [3],
    learnersNext: [integer(rng), 300],
    autoLeave: flag(rng),
  };
  const all: Message[] = [
    {
      ...base,
      type: 'append',
      prevLogIndex: index,
      prevLogTerm: 7,
      entries: many(rng, () => entry(rng)),
      commit: integer(rng),
    },
    {
      ...base,
      type: 'append-response',
      index,
      reject: flag(rng),
      rejectHint: 3,
      rejectHintTerm: 2,
    },
    { ...base, type: 'heartbeat', commit: index, readContext: context },
    { ...base, type: 'heartbeat-response', readContext: context },
    {
      ...base,
      type: 'vote',
      preVote: flag(rng),
      lastLogIndex: 9,
      lastLogTerm: 3,
      transfer: flag(rng),
    },
    {
      ...base,
      type: 'vote-response',
      preVote: flag(rng),
      reject: flag(rng),
      commit: index,
      commitTerm: 2,
    },
    {
      ...base,
      type: 'snapshot',
      snapshot: { metadata: { index, term: 4, confState }, data: value(rng) },
    },
    { ...base, type: 'propose', entries: many(rng, () => ({ type: 'normal', data: value(rng) })) },
    { ...base, type: 'read-index', context },
    { ...base, type: 'read-index-response', context, index },
    { ...base, type: 'transfer-leader', target: 5 },
    { ...base, type: 'timeout-now' },
  ];
  return all[rng.int(all.length)] as Message;
}

test(`messages of raft survive our codec, and the schema reads them as we do (SEED=${seed})`, () => {
  const rng = createRng(seed);
  for (let round = 0; round < 500; round++) {
    const batch = [message(rng), ...many(rng, () => message(rng))];
    const bytes = encodeBatch(batch);
    expect(normal(decodeBatch(bytes))).toEqual(normal(batch));
    expect(normal(decodeBatch(throughSchema(proto.Batch, bytes)))).toEqual(normal(batch));
    const part = encodeSnapshotPart({ message: batch[0] as Message });
    expect(normal(decodeSnapshotPart(throughSchema(proto.SnapshotPart, part)))).toEqual(
      normal({ message: batch[0] }),
    );
  }
});

test('what a member tells of its cluster survives our codec, and the schema reads it as we do', () => {
  const member = {
    id: 7,
    name: 'a',
    peerUrls: ['http://a:1'],
    clientUrls: [],
    learner: true,
    incarnation: 2 ** 52,
  };
  const view = { id: 5, members: [member, { ...member, id: 8, name: '' }], removed: [1, 2 ** 40] };
  const bytes = encodeCluster(view);
  expect(decodeCluster(bytes)).toEqual(view);
  expect(decodeCluster(throughSchema(proto.Cluster, bytes))).toEqual(view);
});

/** A command cut short between two of its fields is still one. */
function outcomeOf(bytes: Uint8Array): string {
  try {
    decodeCommand(bytes);
    return 'read';
  } catch (thrown) {
    return QuorateError.from(thrown).code;
  }
}

test('hellos, calls and answers survive our codec, and the schema reads them as we do', () => {
  const hello = {
    protocol: 'quorate-peer/1',
    purpose: 'snapshot',
    cluster: 2 ** 52,
    from: 1,
    to: 2,
    incarnation: 3,
    addresses: ['127.0.0.1:2380', 'https://m1:2380'],
  } as const;
  expect(decodeHello(throughSchema(proto.Hello, encodeHello(hello)))).toEqual(hello);
  for (const call of [
    { type: 'leader-lease', lease: { id: -7n, renew: true } },
    { type: 'change-members', change: { type: 'promote-member', id: 9 } },
    { type: 'digest', revision: 12 },
  ] as const) {
    const bytes = throughSchema(proto.Call, encodeCall(5, call));
    expect(decodeCall(bytes)).toEqual({ id: 5, call });
  }
  const error = new QuorateError('conflict', 'not now', { details: { kind: 'MemberRefused' } });
  for (const answer of [
    { ttl: -1 },
    { cluster: { id: 4, members: [], removed: [8] } },
    { digest: { hash: 2 ** 32 - 1, revision: 7, compactRevision: 3 } },
    { error },
  ]) {
    const bytes = throughSchema(proto.Answer, encodeAnswer(6, answer));
    expect(decodeAnswer(bytes)).toEqual({ id: 6, answer });
  }
});

test(`malformed bytes are refused, never read beyond their end (SEED=${seed})`, () => {
  const rng = createRng(seed);
  for (let round = 0; round < 300; round++) {
    const bytes = encodeCommand({ member: 1, sequence: 2, operation: operation(rng) });
    const cut = bytes.subarray(0, rng.int(bytes.length));
    expect(['read', 'data-loss']).toContain(outcomeOf(cut));
  }
});
