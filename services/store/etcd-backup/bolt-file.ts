import type { FileHandle } from 'node:fs/promises';
import { QuorateError } from '#shared/base';
import {
  branchPage,
  bucketElement,
  bucketHeaderBytes,
  checkedMetaBytes,
  elementBytes,
  fnv64a,
  leafPage,
  magic,
  metaBytes,
  pageHeaderBytes,
  version,
} from './bolt-format.ts';

/** Deeper than any tree that a file can hold. */
const maxDepth = 64;
const maxPageBytes = 1 << 30;

export type BoltEntry = readonly [key: Buffer, value: Buffer];

interface Element {
  readonly isBucket: boolean;
  readonly key: Buffer;
  readonly value: Buffer;
}

/** The tree of a bucket: its root's page number, or its only page. */
type Tree = { readonly page: bigint } | { readonly inline: Buffer };

/** A bbolt file that nobody writes, such as a snapshot of etcd. */
export class BoltFile {
  readonly #file: FileHandle;
  readonly #pageBytes: number;
  readonly #root: Tree;

  private constructor(file: FileHandle, pageBytes: number, root: Tree) {
    this.#file = file;
    this.#pageBytes = pageBytes;
    this.#root = root;
  }

  static async open(file: FileHandle): Promise<BoltFile> {
    // The newer of the two metas, where both are whole.
    const first = readMeta(await read(file, 0, pageHeaderBytes + metaBytes));
    const second = await secondMeta(file, first?.pageBytes);
    const meta = first && second && second.transaction > first.transaction ? second : first;
    const chosen = meta ?? second;
    if (!chosen) throw damaged('neither of its metas is whole');
    return new BoltFile(file, chosen.pageBytes, { page: chosen.root });
  }

  /** The keys and values of a bucket, in order; nothing where there is none of that name. */
  async *bucket(name: string): AsyncGenerator<BoltEntry, void> {
    for await (const { isBucket, key, value } of this.#walk(this.#root, 0)) {
      if (!isBucket || key.toString() !== name) continue;
      for await (const entry of this.#walk(treeOf(value), 0)) {
        if (!entry.isBucket) yield [entry.key, entry.value];
      }
    }
  }

  async *#walk(tree: Tree, depth: number): AsyncGenerator<Element, void> {
    if (depth > maxDepth) throw damaged('its tree has no end');
    const page = 'inline' in tree ? tree.inline : await this.#page(tree.page);
    const flags = page.readUInt16LE(8);
    const count = page.readUInt16LE(10);
    if ((flags & leafPage) !== 0) {
      for (let i = 0; i < count; i++) yield leafElement(page, i);
      return;
    }
    if ((flags & branchPage) === 0) throw damaged(`a page has the unknown kind ${flags}`);
    for (let i = 0; i < count; i++) {
      const at = pageHeaderBytes + i * elementBytes;
      yield* this.#walk({ page: page.readBigUInt64LE(at + 8) }, depth + 1);
    }
  }

  /** With the pages it overflows into. */
  async #page(id: bigint): Promise<Buffer> {
    const at = Number(id) * this.#pageBytes;
    const header = await read(this.#file, at, pageHeaderBytes);
    if (header.readBigUInt64LE(0) !== id) throw damaged(`page ${id} is not where it belongs`);
    const bytes = (1 + header.readUInt32LE(12)) * this.#pageBytes;
    if (bytes > maxPageBytes) throw damaged(`page ${id} is too large`);
    return read(this.#file, at, bytes);
  }
}

function leafElement(page: Buffer, index: number): Element {
  const at = pageHeaderBytes + index * elementBytes;
  const start = at + page.readUInt32LE(at + 4);
  const keyEnd = start + page.readUInt32LE(at + 8);
  const end = keyEnd + page.readUInt32LE(at + 12);
  if (end > page.length) throw damaged('an entry reaches beyond its page');
  const isBucket = (page.readUInt32LE(at) & bucketElement) !== 0;
  return { isBucket, key: page.subarray(start, keyEnd), value: page.subarray(keyEnd, end) };
}

function treeOf(bucket: Buffer): Tree {
  if (bucket.length < bucketHeaderBytes) throw damaged('a bucket has no head');
  const page = bucket.readBigUInt64LE(0);
  return page === 0n ? { inline: bucket.subarray(bucketHeaderBytes) } : { page };
}

interface Meta {
  readonly pageBytes: number;
  readonly root: bigint;
  readonly transaction: bigint;
}

/** Undefined: no whole meta. */
function readMeta(page: Buffer): Meta | undefined {
  const meta = page.subarray(pageHeaderBytes);
  if (meta.readUInt32LE(0) !== magic || meta.readUInt32LE(4) !== version) return undefined;
  if (meta.readBigUInt64LE(checkedMetaBytes) !== fnv64a(meta.subarray(0, checkedMetaBytes))) {
    return undefined;
  }
  const pageBytes = meta.readUInt32LE(8);
  return { pageBytes, root: meta.readBigUInt64LE(16), transaction: meta.readBigUInt64LE(48) };
}

async function secondMeta(file: FileHandle, known: number | undefined): Promise<Meta | undefined> {
  // Where the first does not say it, every page size there is may be the one.
  const sizes = known === undefined ? [4096, 8192, 16_384, 32_768, 65_536] : [known];
  const { size } = await file.stat();
  for (const pageBytes of sizes) {
    if (size < pageBytes + pageHeaderBytes + metaBytes) continue;
    const meta = readMeta(await read(file, pageBytes, pageHeaderBytes + metaBytes));
    if (meta?.pageBytes === pageBytes) return meta;
  }
  return undefined;
}

async function read(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, at);
  if (bytesRead < length) throw damaged('it ends too early');
  return buffer;
}

function damaged(what: string): QuorateError {
  return new QuorateError('data-loss', `this is no whole snapshot of etcd: ${what}`);
}
