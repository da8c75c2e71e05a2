/*
 * bbolt's file format (go.etcd.io/bbolt, version 2), as far as a file goes that nobody writes any more:
 * pages of one size, the first two of which are metas; B+ trees of branch and leaf pages; a bucket is a key
 * whose value names the root page of a tree of its own, or is that tree's only page. Numbers are little-endian.
 */
export const magic = 0xed0cdaed;
export const version = 2;

/** `id:8 kind:2 count:2 overflow:4`; overflow: how many pages follow that belong to it. */
export const pageHeaderBytes = 16;
export const branchPage = 0x01;
export const leafPage = 0x02;
export const metaPage = 0x04;
export const freelistPage = 0x10;

/** Leaf: `flags:4 at:4 key:4 value:4`; branch: `at:4 key:4 page:8`. `at` counts from the element's start. */
export const elementBytes = 16;
export const bucketElement = 0x01;

/** `root page:8 sequence:8` */
export const bucketHeaderBytes = 16;

/** `magic:4 version:4 page size:4 flags:4 root:16 freelist:8 pages:8 transaction:8 checksum:8` */
export const metaBytes = 64;
/** What the checksum, FNV-1a of 64 bits, is of. */
export const checkedMetaBytes = 56;

export function fnv64a(bytes: Uint8Array): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}
