import { createHash } from 'node:crypto';
import { historyIn, type HistoryChange } from '#shared/mvcc';
import {
  type AuthContents,
  AuthTable,
  type Permission,
  permissionTypes,
} from '../auth/auth-table.ts';
import type { OutgoingSnapshot } from '../consensus/storage.ts';
import { Writer } from '../wire/protobuf.ts';
import { BoltWriter, type BucketSource, type Entry } from './bolt-writer.ts';

/*
 * The state as etcd 3.5 keeps it (server/storage/schema): what `etcdctl snapshot save` writes is then a
 * snapshot of etcd, which etcd's own tools check and restore. Members, alarms and what came of single
 * commands are left out: a cluster that is restored has none of them.
 */
export class EtcdDatabase {
  readonly #file: BoltWriter;

  private constructor(file: BoltWriter) {
    this.#file = file;
  }

  /** Reads all data once, to know what will lie where. */
  static async of(snapshot: OutgoingSnapshot): Promise<EtcdDatabase> {
    return new EtcdDatabase(await BoltWriter.layOut(bucketsOf(snapshot)));
  }

  /** With the digest. */
  get bytes(): number {
    return this.#file.bytes + digestBytes;
  }

  /** The file, and after it the SHA-256 of it: by that etcd's tools know a whole snapshot. */
  async *chunks(): AsyncGenerator<Uint8Array, void> {
    const hash = createHash('sha256');
    for await (const chunk of this.#file.chunks()) {
      hash.update(chunk);
      yield chunk;
    }
    yield hash.digest();
  }
}

const digestBytes = 32;

function bucketsOf(snapshot: OutgoingSnapshot): BucketSource[] {
  const auth = AuthTable.contentsOf(snapshot);
  return [
    bucket('alarm', []),
    bucket('auth', [
      ['authEnabled', Buffer.of(auth.enabled ? 1 : 0)],
      ['authRevision', uint64(auth.revision)],
    ]),
    bucket('authRoles', rolesOf(auth)),
    bucket('authUsers', usersOf(auth)),
    bucket('cluster', []),
    { name: 'key', entries: () => changesOf(snapshot) },
    { name: 'lease', entries: () => leasesOf(snapshot) },
    bucket('members', []),
    bucket('members_removed', []),
    bucket('meta', metaOf(snapshot)),
  ];
}

/** By key, ascending, as a tree must have them. */
function bucket(name: string, entries: readonly (readonly [string, Uint8Array])[]): BucketSource {
  const sorted = entries
    .map(([key, value]) => [Buffer.from(key), value] as const)
    .sort(([a], [b]) => a.compare(b));
  return { name, entries: () => sorted };
}

async function* changesOf(snapshot: OutgoingSnapshot): AsyncGenerator<Entry, void> {
  const writer = new Writer();
  for await (const record of snapshot.scan(...historyIn.changes)) {
    yield changeEntry(writer, historyIn.change(record));
  }
}

/** `main:8 _ sub:8` with a `t` where it deletes, and etcd's mvccpb.KeyValue. */
function changeEntry(writer: Writer, { main, sub, key, kv }: HistoryChange): Entry {
  writer.latin1(1, key);
  if (kv) {
    writer.integer(2, kv.createRevision);
    writer.integer(3, kv.modRevision);
    writer.integer(4, kv.version);
    writer.bytes(5, kv.value);
    writer.bigint(6, kv.lease);
  }
  return [revisionId(main, sub, kv ? '' : 't'), writer.finish()];
}

/** leasepb.Lease under its id. */
async function* leasesOf(snapshot: OutgoingSnapshot): AsyncGenerator<Entry, void> {
  const writer = new Writer();
  for await (const record of snapshot.scan(...historyIn.leases)) {
    const { id, ttlSeconds, remainingSeconds } = historyIn.lease(record);
    writer.bigint(1, id);
    writer.integer(2, ttlSeconds);
    writer.integer(3, remainingSeconds);
    const key = Buffer.alloc(8);
    key.writeBigInt64BE(BigInt.asIntN(64, id));
    yield [key, writer.finish()];
  }
}

function metaOf(snapshot: OutgoingSnapshot): (readonly [string, Uint8Array])[] {
  const { index, term, confState } = snapshot.applied;
  const { wanted, done } = historyIn.compaction((key) => snapshot.get(key));
  const voters = { voters: confState.voters, auto_leave: false };
  const entries: (readonly [string, Uint8Array])[] = [
    ['consistent_index', uint64(index)],
    ['term', uint64(term)],
    ['confState', Buffer.from(JSON.stringify(voters))],
  ];
  if (wanted > 0) entries.push(['scheduledCompactRev', revisionId(wanted, 0, '')]);
  if (done > 0) entries.push(['finishedCompactRev', revisionId(done, 0, '')]);
  return entries;
}

/** authpb.User */
function usersOf({ users }: AuthContents): (readonly [string, Uint8Array])[] {
  const writer = new Writer();
  return users.map(({ name, passwordHash, roles }) => {
    writer.string(1, name);
    if (passwordHash !== '') writer.string(2, passwordHash);
    for (const role of roles) writer.string(3, role);
    writer.message(4, () => writer.boolean(1, passwordHash === ''));
    return [name, writer.finish()];
  });
}

/** authpb.Role */
function rolesOf({ roles }: AuthContents): (readonly [string, Uint8Array])[] {
  const writer = new Writer();
  return roles.map(({ name, permissions }) => {
    writer.string(1, name);
    for (const permission of permissions) {
      writer.message(2, () => writePermission(writer, permission));
    }
    return [name, writer.finish()];
  });
}

function writePermission(writer: Writer, { type, key, rangeEnd }: Permission): void {
  writer.integer(1, permissionTypes.indexOf(type));
  writer.latin1(2, key);
  writer.latin1(3, rangeEnd);
}

function revisionId(main: number, sub: number, mark: string): Buffer {
  return Buffer.concat([uint64(main), Buffer.from('_'), uint64(sub), Buffer.from(mark)]);
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
