import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { QuorateError, type Rng } from '#shared/base';
import { identityFile, replaceMember } from '#shared/storage';
import type { InitialCluster } from '../options.ts';
import type { Member } from './member.ts';

/** Who this member is, for good; kept in its data directory. Addresses may change, this does not. */
export interface Identity {
  readonly memberId: number;
  readonly clusterId: number;
  readonly name: string;
  /** How often it was started: numbers of proposals never repeat across restarts. */
  readonly starts: number;
  /** Drawn with the directory: whoever has lost it cannot pass for this member. */
  readonly incarnation: number;
  /** What the flags said of the own peer addresses when they were last published. */
  readonly peerUrls: readonly string[];
}

export interface IdentityFile {
  /** Of the data directory. */
  readonly path: string;
  readJson(name: string): Promise<unknown>;
  writeJson(name: string, value: unknown): Promise<void>;
}

/** 53 bits: an id is a number everywhere here. */
function hash53(text: string): number {
  const digest = createHash('sha256').update(text).digest();
  const id = digest.readUIntBE(0, 6) * 32 + (digest.readUInt8(6) & 31);
  return Math.max(1, id);
}

/**
 * As etcd's static bootstrap: everybody computes the same ids from the same addresses and token. A
 * name is the member's own matter: found by DNS, the others do not know it.
 */
export function initialMembers(initialCluster: InitialCluster, token: string): Member[] {
  return Object.entries(initialCluster).map(([name, peerUrls]) => ({
    id: hash53(`${[...peerUrls].sort().join('\n')}\n${token}`),
    name,
    peerUrls: [...peerUrls],
    clientUrls: [],
    learner: false,
    incarnation: 0,
  }));
}

export function initialClusterId(members: readonly Member[], token: string): number {
  const ids = members.map(({ id }) => id).sort((a, b) => a - b);
  return hash53(`${token}\n${ids.join('\n')}`);
}

export async function readIdentity(file: IdentityFile, rng: Rng): Promise<Identity | undefined> {
  const value = await file.readJson(identityFile);
  if (value === undefined) return undefined;
  const found = (typeof value === 'object' ? (value ?? {}) : {}) as Partial<Identity>;
  // Directories of earlier versions have no incarnation yet: they get one, and publish it.
  const fresh = { incarnation: newId(rng), peerUrls: [] };
  const { memberId, clusterId, name, starts, incarnation, peerUrls } = {
    ...fresh,
    ...found,
  };
  const ids = [memberId, clusterId, starts, incarnation];
  const identity = { memberId, clusterId, name, starts, incarnation, peerUrls } as Identity;
  // Those of earlier versions have no checksum, either.
  const { check = checkOf(identity) } = found as { readonly check?: unknown };
  if (!ids.every(isId) || typeof name !== 'string' || check !== checkOf(identity)) {
    throw new QuorateError(
      'data-loss',
      `${file.path}/${identityFile} is damaged (it is not what was written): ${replaceMember}`,
    );
  }
  return identity;
}

/** Of everything in it: with another id a member would wait for itself. */
function checkOf({ memberId, clusterId, name, starts, incarnation, peerUrls }: Identity): number {
  return crc32(JSON.stringify([memberId, clusterId, name, starts, incarnation, peerUrls]));
}

/** For members that join, and for incarnations: any number of 53 bits but 0. */
export function newId(rng: Rng): number {
  return Math.max(1, rng.int(2 ** 21) * 2 ** 32 + rng.int(2 ** 32));
}

export function writeIdentity(file: IdentityFile, identity: Identity): Promise<void> {
  return file.writeJson(identityFile, { ...identity, check: checkOf(identity) });
}

function isId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}
