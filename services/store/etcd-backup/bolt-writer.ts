import {
  branchPage,
  bucketElement,
  bucketHeaderBytes,
  checkedMetaBytes,
  elementBytes,
  fnv64a,
  freelistPage,
  leafPage,
  magic,
  metaBytes,
  metaPage,
  pageHeaderBytes,
  version,
} from './bolt-format.ts';

export type Entry = readonly [key: Uint8Array, value: Uint8Array];

/** A bucket to be written. It is read twice, and must give the same both times, by key ascending. */
export interface BucketSource {
  readonly name: string;
  entries(): AsyncIterable<Entry> | Iterable<Entry>;
}

const pageBytes = 4096;
/** What lies between the metas and the trees: the list of free pages, of which there are none. */
const freelist = 2;
const chunkBytes = 256 << 10;
const maxElements = 0xffff;

/** A page, or a run of pages for what is larger than one. */
interface PageRef {
  readonly id: number;
  readonly pages: number;
  readonly firstKey: Uint8Array;
}

interface Tree {
  readonly source: BucketSource;
  readonly leaves: readonly PageRef[];
  /** From those above the leaves to the root; none where there is but one leaf. */
  readonly branches: readonly BranchPage[];
  readonly root: number;
  /** The first page after it. */
  readonly end: number;
}

interface BranchPage extends PageRef {
  readonly children: readonly PageRef[];
}

/**
 * A bbolt file, written from its first byte to its last: where everything will lie is found out before, by
 * reading all entries once, for the file begins with where its root is.
 */
export class BoltWriter {
  readonly #trees: readonly Tree[];
  readonly #root: number;

  private constructor(trees: readonly Tree[], root: number) {
    this.#trees = trees;
    this.#root = root;
  }

  static async layOut(sources: readonly BucketSource[]): Promise<BoltWriter> {
    const trees: Tree[] = [];
    let next = freelist + 1;
    for (const source of [...sources].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const tree = await layOutTree(source, next);
      trees.push(tree);
      next = tree.end;
    }
    return new BoltWriter(trees, next);
  }

  get bytes(): number {
    return (this.#root + 1) * pageBytes;
  }

  /** The file, in chunks of about 256 KiB. */
  async *chunks(): AsyncGenerator<Uint8Array, void> {
    let waiting: Buffer[] = [];
    let bytes = 0;
    for await (const page of this.#pages()) {
      waiting.push(page);
      bytes += page.length;
      if (bytes < chunkBytes) continue;
      yield Buffer.concat(waiting);
      waiting = [];
      bytes = 0;
    }
    yield Buffer.concat(waiting);
  }

  async *#pages(): AsyncGenerator<Buffer, void> {
    yield this.#meta(0);
    yield this.#meta(1);
    yield newPage(freelist, freelistPage, 0, 1);
    for (const { source, leaves, branches } of this.#trees) {
      let at = 0;
      for await (const entries of leavesOf(source)) {
        const leaf = leaves[at++];
        if (leaf) yield encodeLeaf(leaf, entries, 0);
      }
      for (const branch of branches) yield encodeBranch(branch);
    }
    yield this.#rootPage();
  }

  /** The leaf of all buckets. */
  #rootPage(): Buffer {
    const entries = this.#trees.map(({ source, root }): Entry => {
      const header = Buffer.alloc(bucketHeaderBytes);
      header.writeBigUInt64LE(BigInt(root), 0);
      return [Buffer.from(source.name), header];
    });
    return encodeLeaf({ id: this.#root, pages: 1 }, entries, bucketElement);
  }

  #meta(id: number): Buffer {
    const page = newPage(id, metaPage, 0, 1);
    const meta = page.subarray(pageHeaderBytes, pageHeaderBytes + metaBytes);
    meta.writeUInt32LE(magic, 0);
    meta.writeUInt32LE(version, 4);
    meta.writeUInt32LE(pageBytes, 8);
    meta.writeBigUInt64LE(BigInt(this.#root), 16);
    meta.writeBigUInt64LE(BigInt(freelist), 32);
    meta.writeBigUInt64LE(BigInt(this.#root + 1), 40);
    meta.writeBigUInt64LE(BigInt(id), 48);
    meta.writeBigUInt64LE(fnv64a(meta.subarray(0, checkedMetaBytes)), checkedMetaBytes);
    return page;
  }
}

async function layOutTree(source: BucketSource, first: number): Promise<Tree> {
  let next = first;
  const leaves: PageRef[] = [];
  for await (const entries of leavesOf(source)) {
    const pages = pagesFor(entries.map(leafBytes));
    // A copy: what it is a part of is much larger.
    leaves.push({ id: next, pages, firstKey: Uint8Array.from(entries[0]?.[0] ?? []) });
    next += pages;
  }
  const branches: BranchPage[] = [];
  let level: readonly PageRef[] = leaves;
  while (level.length > 1) {
    const above = [...filled(level, branchBytes)].map((children): BranchPage => {
      const pages = pagesFor(children.map(branchBytes));
      const branch = { id: next, pages, firstKey: children[0]?.firstKey ?? noKey, children };
      next += pages;
      return branch;
    });
    branches.push(...above);
    level = above;
  }
  return { source, leaves, branches, root: level[0]?.id ?? first, end: next };
}

const noKey = new Uint8Array();
const leafBytes = ([key, value]: Entry): number => elementBytes + key.length + value.length;
const branchBytes = ({ firstKey }: PageRef): number => elementBytes + firstKey.length;

const pagesFor = (elements: readonly number[]): number =>
  Math.ceil(elements.reduce((sum, bytes) => sum + bytes, pageHeaderBytes) / pageBytes);

/** What goes on a page each: as much as fits, at least one, and one empty page where there is nothing. */
async function* leavesOf(source: BucketSource): AsyncGenerator<Entry[], void> {
  let entries: Entry[] = [];
  let bytes = pageHeaderBytes;
  for await (const entry of source.entries()) {
    const more = leafBytes(entry);
    if (!fits(entries.length, bytes + more)) {
      yield entries;
      entries = [];
      bytes = pageHeaderBytes;
    }
    entries.push(entry);
    bytes += more;
  }
  yield entries;
}

function* filled<T>(items: readonly T[], bytesOf: (item: T) => number): Generator<T[], void> {
  let group: T[] = [];
  let bytes = pageHeaderBytes;
  for (const item of items) {
    const more = bytesOf(item);
    // Two at least, or the levels would never end.
    if (group.length > 1 && !fits(group.length, bytes + more)) {
      yield group;
      group = [];
      bytes = pageHeaderBytes;
    }
    group.push(item);
    bytes += more;
  }
  if (group.length > 0) yield group;
}

const fits = (count: number, bytes: number): boolean =>
  count === 0 || (bytes <= pageBytes && count < maxElements);

function newPage(id: number, kind: number, count: number, pages: number): Buffer {
  const page = Buffer.alloc(pages * pageBytes);
  page.writeBigUInt64LE(BigInt(id), 0);
  page.writeUInt16LE(kind, 8);
  page.writeUInt16LE(count, 10);
  page.writeUInt32LE(pages - 1, 12);
  return page;
}

function encodeLeaf(
  { id, pages }: Pick<PageRef, 'id' | 'pages'>,
  entries: readonly Entry[],
  flags: number,
): Buffer {
  const page = newPage(id, leafPage, entries.length, pages);
  let element = pageHeaderBytes;
  let at = pageHeaderBytes + entries.length * elementBytes;
  for (const [key, value] of entries) {
    page.writeUInt32LE(flags, element);
    page.writeUInt32LE(at - element, element + 4);
    page.writeUInt32LE(key.length, element + 8);
    page.writeUInt32LE(value.length, element + 12);
    page.set(key, at);
    page.set(value, at + key.length);
    at += key.length + value.length;
    element += elementBytes;
  }
  return page;
}

function encodeBranch({ id, pages, children }: BranchPage): Buffer {
  const page = newPage(id, branchPage, children.length, pages);
  let element = pageHeaderBytes;
  let at = pageHeaderBytes + children.length * elementBytes;
  for (const { firstKey, id: child } of children) {
    page.writeUInt32LE(at - element, element);
    page.writeUInt32LE(firstKey.length, element + 4);
    page.writeBigUInt64LE(BigInt(child), element + 8);
    page.set(firstKey, at);
    at += firstKey.length;
    element += elementBytes;
  }
  return page;
}
