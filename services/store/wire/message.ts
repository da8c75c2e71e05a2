import { assertNever, QuorateError } from '#shared/base';
import type { ConfState, Entry, Message, MessageType, Snapshot } from '#shared/raft';
import { Reader, varintBytes, Writer } from './protobuf.ts';

/** In the order of the enum in proto/raft/raft.proto. */
const messageTypes: readonly MessageType[] = [
  'append',
  'append-response',
  'heartbeat',
  'heartbeat-response',
  'vote',
  'vote-response',
  'snapshot',
  'propose',
  'read-index',
  'read-index-response',
  'transfer-leader',
  'timeout-now',
];

const writer = new Writer();

export function encodeBatch(messages: readonly Message[]): Buffer {
  writer.reset();
  for (const message of messages) writer.message(1, () => writeMessage(message));
  return writer.finish();
}

/** The first part of a snapshot stream, or a chunk of it. */
export type SnapshotPart = { readonly message: Message } | { readonly chunk: Uint8Array };

export function encodeSnapshotPart(part: SnapshotPart): Buffer {
  writer.reset();
  if ('message' in part) writer.message(1, () => writeMessage(part.message));
  else writer.bytesAlways(2, part.chunk);
  return writer.finish();
}

function writeMessage(message: Message): void {
  writer.integer(1, messageTypes.indexOf(message.type));
  writer.integer(2, message.from);
  writer.integer(3, message.to);
  writer.integer(4, message.term);
  switch (message.type) {
    case 'append':
      writer.integer(5, message.prevLogIndex);
      writer.integer(6, message.prevLogTerm);
      writeEntries(message.entries);
      writer.integer(8, message.commit);
      return;
    case 'append-response':
      writer.integer(5, message.index);
      writer.boolean(9, message.reject);
      writer.integer(10, message.rejectHint);
      writer.integer(11, message.rejectHintTerm);
      return;
    case 'heartbeat':
      writer.integer(8, message.commit);
      writer.integer(12, message.readContext);
      return;
    case 'heartbeat-response':
      writer.integer(12, message.readContext);
      return;
    case 'vote':
      writer.integer(5, message.lastLogIndex);
      writer.integer(6, message.lastLogTerm);
      writer.boolean(13, message.preVote);
      writer.boolean(14, message.transfer);
      return;
    case 'vote-response':
      writer.integer(6, message.commitTerm);
      writer.integer(8, message.commit);
      writer.boolean(9, message.reject);
      writer.boolean(13, message.preVote);
      return;
    case 'snapshot':
      writer.message(16, () => writeSnapshot(message.snapshot));
      return;
    case 'propose':
      for (const entry of message.entries) writer.message(7, () => writeEntry(0, 0, entry));
      return;
    case 'read-index':
      writer.integer(12, message.context);
      return;
    case 'read-index-response':
      writer.integer(5, message.index);
      writer.integer(12, message.context);
      return;
    case 'transfer-leader':
      writer.integer(15, message.target);
      return;
    case 'timeout-now':
      return;
    default:
      assertNever(message, 'raft message');
  }
}

/** Of members that are sent the same list: it is written once. */
const written = new WeakMap<readonly Entry[], Uint8Array>();

function writeEntries(entries: readonly Entry[]): void {
  if (entries.length === 0) return;
  const known = written.get(entries);
  if (known) {
    writer.fields(known);
    return;
  }
  const start = writer.length;
  for (const entry of entries) {
    writer.begin(7, entryBytes(entry));
    writeEntry(entry.term, entry.index, entry);
  }
  written.set(entries, writer.since(start));
}

/** What `writeEntry` writes, with field numbers of one byte. */
function entryBytes({ term, index, type, data }: Entry): number {
  const typeBytes = type === 'conf-change' ? 2 : 0;
  const dataBytes = data.length > 0 ? 1 + varintBytes(data.length) + data.length : 0;
  return integerBytes(term) + integerBytes(index) + typeBytes + dataBytes;
}

const integerBytes = (value: number): number => (value === 0 ? 0 : 1 + varintBytes(value));

function writeEntry(term: number, index: number, entry: Pick<Entry, 'type' | 'data'>): void {
  writer.integer(1, term);
  writer.integer(2, index);
  writer.integer(3, entry.type === 'conf-change' ? 1 : 0);
  writer.bytes(4, entry.data);
}

function writeSnapshot({ metadata, data }: Snapshot): void {
  writer.integer(1, metadata.index);
  writer.integer(2, metadata.term);
  const { confState } = metadata;
  writer.message(3, () => {
    writer.integers(1, confState.voters);
    writer.integers(2, confState.learners);
    writer.integers(3, confState.votersOutgoing);
    writer.integers(4, confState.learnersNext);
    writer.boolean(5, confState.autoLeave);
  });
  writer.bytes(4, data);
}

export function decodeBatch(bytes: Uint8Array): Message[] {
  const reader = new Reader(bytes);
  const messages: Message[] = [];
  while (!reader.done) {
    if (reader.field() === 1) messages.push(readMessage(reader.message()));
    else reader.skip();
  }
  return messages;
}

export function decodeSnapshotPart(bytes: Uint8Array): SnapshotPart {
  const reader = new Reader(bytes);
  const field = reader.field();
  if (field === 1) return { message: readMessage(reader.message()) };
  return { chunk: reader.bytes() };
}

/** The fields of any message, as far as they were sent. */
interface Fields {
  from: number;
  to: number;
  term: number;
  index: number;
  logTerm: number;
  entries: Entry[];
  commit: number;
  reject: boolean;
  rejectHint: number;
  rejectHintTerm: number;
  context: number;
  preVote: boolean;
  transfer: boolean;
  target: number;
  snapshot: Snapshot | undefined;
}

function readMessage(reader: Reader): Message {
  let type = 0;
  const fields: Fields = {
    from: 0,
    to: 0,
    term: 0,
    index: 0,
    logTerm: 0,
    entries: [],
    commit: 0,
    reject: false,
    rejectHint: 0,
    rejectHintTerm: 0,
    context: 0,
    preVote: false,
    transfer: false,
    target: 0,
    snapshot: undefined,
  };
  while (!reader.done) {
    const field = reader.field();
    if (field === 1) type = reader.integer();
    else if (field === 2) fields.from = reader.integer();
    else if (field === 3) fields.to = reader.integer();
    else if (field === 4) fields.term = reader.integer();
    else if (field === 5) fields.index = reader.integer();
    else if (field === 6) fields.logTerm = reader.integer();
    else if (field === 7) fields.entries.push(readEntry(reader.message()));
    else if (field === 8) fields.commit = reader.integer();
    else if (field === 9) fields.reject = reader.boolean();
    else if (field === 10) fields.rejectHint = reader.integer();
    else if (field === 11) fields.rejectHintTerm = reader.integer();
    else if (field === 12) fields.context = reader.integer();
    else if (field === 13) fields.preVote = reader.boolean();
    else if (field === 14) fields.transfer = reader.boolean();
    else if (field === 15) fields.target = reader.integer();
    else if (field === 16) fields.snapshot = readSnapshot(reader.message());
    else reader.skip();
  }
  return assemble(messageTypes[type], fields);
}

function assemble(type: MessageType | undefined, fields: Fields): Message {
  const { from, to, term, index, logTerm, entries, commit, reject, context, preVote } = fields;
  const base = { from, to, term };
  switch (type) {
    case 'append':
      return { ...base, type, prevLogIndex: index, prevLogTerm: logTerm, entries, commit };
    case 'append-response': {
      const { rejectHint, rejectHintTerm } = fields;
      return { ...base, type, index, reject, rejectHint, rejectHintTerm };
    }
    case 'heartbeat':
      return { ...base, type, commit, readContext: context };
    case 'heartbeat-response':
      return { ...base, type, readContext: context };
    case 'vote': {
      const { transfer } = fields;
      return { ...base, type, preVote, transfer, lastLogIndex: index, lastLogTerm: logTerm };
    }
    case 'vote-response':
      return { ...base, type, preVote, reject, commit, commitTerm: logTerm };
    case 'snapshot':
      if (!fields.snapshot) break;
      return { ...base, type, snapshot: fields.snapshot };
    case 'propose':
      return { ...base, type, entries };
    case 'read-index':
      return { ...base, type, context };
    case 'read-index-response':
      return { ...base, type, context, index };
    case 'transfer-leader':
      return { ...base, type, target: fields.target };
    case 'timeout-now':
      return { ...base, type };
    case undefined:
      break;
    default:
      assertNever(type, 'raft message');
  }
  throw new QuorateError('data-loss', 'a raft message is of a kind this version does not know');
}

/** The data is a copy: a view would keep the whole batch alive for as long as the entry is cached. */
function readEntry(reader: Reader): Entry {
  let term = 0;
  let index = 0;
  let type: Entry['type'] = 'normal';
  let data: Uint8Array = noBytes;
  while (!reader.done) {
    const field = reader.field();
    if (field === 1) term = reader.integer();
    else if (field === 2) index = reader.integer();
    else if (field === 3) type = reader.integer() === 1 ? 'conf-change' : 'normal';
    else if (field === 4) data = new Uint8Array(reader.bytes());
    else reader.skip();
  }
  return { term, index, type, data };
}

const noBytes = new Uint8Array();

function readSnapshot(reader: Reader): Snapshot {
  let index = 0;
  let term = 0;
  let confState: ConfState = readConfState(new Reader(noBytes));
  let data: Uint8Array = noBytes;
  while (!reader.done) {
    const field = reader.field();
    if (field === 1) index = reader.integer();
    else if (field === 2) term = reader.integer();
    else if (field === 3) confState = readConfState(reader.message());
    else if (field === 4) data = new Uint8Array(reader.bytes());
    else reader.skip();
  }
  return { metadata: { index, term, confState }, data };
}

function readConfState(reader: Reader): ConfState {
  let voters: number[] = [];
  let learners: number[] = [];
  let votersOutgoing: number[] = [];
  let learnersNext: number[] = [];
  let autoLeave = false;
  while (!reader.done) {
    const field = reader.field();
    if (field === 1) voters = reader.integers();
    else if (field === 2) learners = reader.integers();
    else if (field === 3) votersOutgoing = reader.integers();
    else if (field === 4) learnersNext = reader.integers();
    else if (field === 5) autoLeave = reader.boolean();
    else reader.skip();
  }
  return { voters, learners, votersOutgoing, learnersNext, autoLeave };
}
