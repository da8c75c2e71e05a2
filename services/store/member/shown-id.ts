/*
 * Ids of members and clusters are numbers of 53 bits in here: raft counts with them. Clients and people
 * see them with 64 bits, as they are used to of etcd: the same bits, followed by eleven made of them.
 */

const addedBits = 11;
const maxId = BigInt(Number.MAX_SAFE_INTEGER);

/** The id as clients know it; 0, nobody's, stays 0. */
export function shownId(id: number): bigint {
  return id === 0 ? 0n : (BigInt(id) << BigInt(addedBits)) | BigInt(added(id));
}

/** Undefined: it is nobody's. */
export function idOfShown(shown: bigint): number | undefined {
  const whole = shown >> BigInt(addedBits);
  if (whole <= 0n || whole > maxId) return undefined;
  const id = Number(whole);
  return shownId(id) === shown ? id : undefined;
}

/** As etcd and its clients print ids. */
export function hexId(id: number): string {
  return shownId(id).toString(16);
}

/** Any good mix of all bits. */
function added(id: number): number {
  const low = id >>> 0;
  const high = Math.floor(id / 2 ** 32);
  const mixed = Math.imul(low ^ Math.imul(high, 0x85eb_ca6b), 0x9e37_79b1);
  return (mixed ^ Math.imul(mixed >>> 15, 0xc2b2_ae35)) >>> (32 - addedBits);
}
