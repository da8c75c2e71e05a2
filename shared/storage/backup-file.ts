import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { QuorateError } from '#shared/base';
import type { BackendSnapshot } from './kv-backend.ts';

/*
 * A backup: the magic line, then each chunk of the snapshot after its length (32 bits, big-endian),
 * a length of 0, zeros up to a multiple of 512, and the SHA-256 of all that. etcd's tools take a
 * file for a complete snapshot when its size is 32 beyond a multiple of 512.
 */
const magic = Buffer.from('quorate store backup 1\n');
const blockBytes = 512;
const digestBytes = 32;
const readBytes = 256 << 10;

/** Exact, which takes one pass over the data. */
export async function backupBytes(snapshot: BackendSnapshot): Promise<number> {
  let bytes = magic.length + 4;
  for await (const chunk of snapshot.chunks()) bytes += 4 + chunk.length;
  return padded(bytes) + digestBytes;
}

export async function* encodeBackup(snapshot: BackendSnapshot): AsyncGenerator<Uint8Array, void> {
  const hash = createHash('sha256');
  let bytes = 0;
  const counted = (part: Uint8Array): Uint8Array => {
    hash.update(part);
    bytes += part.length;
    return part;
  };
  yield counted(magic);
  for await (const chunk of snapshot.chunks()) {
    yield counted(Buffer.concat([lengthOf(chunk.length), chunk]));
  }
  counted(lengthOf(0));
  const padding = counted(Buffer.alloc(padded(bytes) - bytes));
  yield Buffer.concat([lengthOf(0), padding, hash.digest()]);
}

const padded = (bytes: number): number => Math.ceil(bytes / blockBytes) * blockBytes;

function lengthOf(length: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length);
  return bytes;
}

/** The chunks of a backup, once its digest has been found right. */
export async function* decodeBackup(file: FileHandle): AsyncGenerator<Uint8Array, void> {
  await checkDigest(file);
  let at = magic.length;
  for (;;) {
    const length = (await read(file, at, 4)).readUInt32BE();
    if (length === 0) return;
    yield await read(file, at + 4, length);
    at += 4 + length;
  }
}

async function checkDigest(file: FileHandle): Promise<void> {
  const { size } = await file.stat();
  const start = await read(file, 0, Math.min(magic.length, size));
  if (!start.equals(magic)) {
    throw new QuorateError(
      'bad-request',
      'this is neither a backup of this store nor a snapshot of etcd',
    );
  }
  if (size % blockBytes !== digestBytes) throw damaged();
  const hash = createHash('sha256');
  const end = size - digestBytes;
  for (let at = 0; at < end; at += readBytes) {
    hash.update(await read(file, at, Math.min(readBytes, end - at)));
  }
  if (!hash.digest().equals(await read(file, end, digestBytes))) throw damaged();
}

async function read(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, at);
  if (bytesRead < length) throw damaged();
  return buffer;
}

function damaged(): QuorateError {
  return new QuorateError('data-loss', 'the backup is damaged or incomplete: take another one');
}
