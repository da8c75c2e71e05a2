import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { QuorateError } from '#shared/base';
import { historyRecord, type HistoryRecord } from '#shared/mvcc';
import {
  type AuthContents,
  type Permission,
  permissionTypes,
  type Role,
  type User,
} from '../auth/auth-table.ts';
import { Reader } from '../wire/protobuf.ts';
import { BoltFile } from './bolt-file.ts';
import { magic } from './bolt-format.ts';

const blockBytes = 512;
const digestBytes = 32;
const readBytes = 1 << 20;
const boltMagicAt = 16;

/** Refuses what does not begin as bbolt's files do. */
async function checkKind(file: FileHandle): Promise<void> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(4), 0, 4, boltMagicAt);
  if (bytesRead === 4 && buffer.readUInt32LE() === magic) return;
  throw new QuorateError('bad-request', 'this is no snapshot: etcdctl snapshot save makes one');
}

/** A snapshot that `etcdctl snapshot save` took, of this store or of a real etcd. */
export async function openSnapshot(file: FileHandle, skipHashCheck: boolean): Promise<BoltFile> {
  const { size } = await file.stat();
  const hasDigest = size % blockBytes === digestBytes;
  if (hasDigest && !skipHashCheck) await checkDigest(file, size);
  await checkKind(file);
  if (!hasDigest && !skipHashCheck) {
    throw new QuorateError(
      'bad-request',
      'the snapshot has no digest at its end, as a database copied from a data directory: if you know it to be whole, --skip-hash-check',
    );
  }
  return BoltFile.open(file);
}

/** What etcd's tools look for: the digest of everything before it at the end of the file. */
async function checkDigest(file: FileHandle, size: number): Promise<void> {
  const hash = createHash('sha256');
  const end = size - digestBytes;
  const chunk = Buffer.alloc(readBytes);
  for (let at = 0; at < end; ) {
    const { bytesRead } = await file.read(chunk, 0, Math.min(readBytes, end - at), at);
    if (bytesRead === 0) break;
    hash.update(chunk.subarray(0, bytesRead));
    at += bytesRead;
  }
  const { buffer: expected } = await file.read(Buffer.alloc(digestBytes), 0, digestBytes, end);
  const found = hash.digest();
  if (found.equals(expected)) return;
  throw new QuorateError(
    'data-loss',
    `the snapshot is damaged: expected sha256 ${expected.toString('hex')}, got ${found.toString('hex')}`,
  );
}

/** The keys with all their revisions, the leases and the compaction, as records of our own. */
export async function* historyOf(bolt: BoltFile): AsyncGenerator<HistoryRecord, void> {
  for await (const [id, bytes] of bolt.bucket('key')) yield changeOf(id, bytes);
  for await (const [, bytes] of bolt.bucket('lease')) yield leaseOf(bytes);
  for await (const [name, bytes] of bolt.bucket('meta')) {
    // What was begun counts: compacting it once more does no harm.
    if (name.toString() === 'scheduledCompactRev' && bytes.length >= 8) {
      yield historyRecord.compacted(Number(bytes.readBigUInt64BE(0)));
    }
  }
}

/** `main:8 _ sub:8`, and a `t` where it deletes. */
const separatorAt = 8;
const revisionBytes = 17;
const noBytes: Uint8Array = new Uint8Array();

function changeOf(id: Buffer, bytes: Buffer): HistoryRecord {
  if (id.length < revisionBytes || id.readUInt8(separatorAt) !== 0x5f) {
    throw new QuorateError('data-loss', 'the snapshot holds a revision that is none');
  }
  const main = Number(id.readBigUInt64BE(0));
  const sub = Number(id.readBigUInt64BE(separatorAt + 1));
  const reader = new Reader(bytes);
  const kv = { key: '', value: noBytes, createRevision: 0, version: 0, lease: 0n };
  while (!reader.done) {
    const field = reader.field();
    if (field === 1) kv.key = reader.latin1();
    else if (field === 2) kv.createRevision = reader.integer();
    else if (field === 4) kv.version = reader.integer();
    else if (field === 5) kv.value = reader.bytes();
    else if (field === 6) kv.lease = reader.bigint();
    else reader.skip();
  }
  if (id.length > revisionBytes) return historyRecord.deletion(kv.key, main, sub);
  return historyRecord.change({ ...kv, modRevision: main }, sub);
}

function leaseOf(bytes: Buffer): HistoryRecord {
  const reader = new Reader(bytes);
  let id = 0n;
  let ttlSeconds = 0;
  let remainingSeconds = 0;
  while (!reader.done) {
    const field = reader.field();
    if (field === 1) id = reader.bigint();
    else if (field === 2) ttlSeconds = reader.integer();
    else if (field === 3) remainingSeconds = reader.integer();
    else reader.skip();
  }
  return historyRecord.lease(id, ttlSeconds, remainingSeconds);
}

/** Users, roles, and whether they count. */
export async function authOf(bolt: BoltFile): Promise<AuthContents> {
  const users: User[] = [];
  const roles: Role[] = [];
  let enabled = false;
  let revision = 1;
  for await (const [name, bytes] of bolt.bucket('auth')) {
    if (name.toString() === 'authEnabled') enabled = bytes.length === 1 && bytes.readUInt8() === 1;
    if (name.toString() === 'authRevision') revision = Number(bytes.readBigUInt64BE(0));
  }
  for await (const [, bytes] of bolt.bucket('authUsers')) users.push(userOf(bytes));
  for await (const [, bytes] of bolt.bucket('authRoles')) roles.push(roleOf(bytes));
  return { enabled, revision, users, roles };
}

function userOf(bytes: Buffer): User {
  const reader = new Reader(bytes);
  const roles: string[] = [];
  let name = '';
  let passwordHash = '';
  while (!reader.done) {
    const field = reader.field();
    if (field === 1) name = reader.string();
    else if (field === 2) passwordHash = reader.string();
    else if (field === 3) roles.push(reader.string());
    else reader.skip();
  }
  return { name, passwordHash, roles: roles.sort() };
}

function roleOf(bytes: Buffer): Role {
  const reader = new Reader(bytes);
  const permissions: Permission[] = [];
  let name = '';
  while (!reader.done) {
    const field = reader.field();
    if (field === 1) name = reader.string();
    else if (field === 2) permissions.push(permissionOf(reader.message()));
    else reader.skip();
  }
  return { name, permissions };
}

function permissionOf(reader: Reader): Permission {
  let type = 0;
  let key = '';
  let rangeEnd = '';
  while (!reader.done) {
    const field = reader.field();
    if (field === 1) type = reader.integer();
    else if (field === 2) key = reader.latin1();
    else if (field === 3) rangeEnd = reader.latin1();
    else reader.skip();
  }
  return { type: permissionTypes[type] ?? 'read', key, rangeEnd };
}
