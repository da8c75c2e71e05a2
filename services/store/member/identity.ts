import { createHash } from 'node:crypto';
import { QuorateError } from '#shared/base';
import type { Member } from './member.ts';

/** Who this member is, for good; kept in its data directory. Addresses may change, this does not. */
export interface Identity {
  readonly memberId: number;
  readonly clusterId: number;
  readonly name: string;
  /** How often it was started: numbers of proposals never repeat across restarts. */
  readonly starts: number;
}

export interface IdentityFile {
  readJson(name: string): Promise<unknown>;
  writeJson(name: string, value: unknown): Promise<void>;
}

const fileName = 'member.json';

/** 53 bits: an id is a number everywhere here. */
function hash53(text: string): number {
  const digest = createHash('sha256').update(text).digest();
  const id = digest.readUIntBE(0, 6) * 32 + (digest.readUInt8(6) & 31);
  return Math.max(1, id);
}

/** As etcd's static bootstrap: everybody computes the same ids from the same flags. */
export function initialMembers(
  initialCluster: Readonly<Record<string, string>>,
  token: string,
): Member[] {
  return Object.entries(initialCluster).map(([name, peerUrl]) => ({
    id: hash53(`${name}\n${peerUrl}\n${token}`),
    name,
    peerUrls: [peerUrl],
    clientUrls: [],
    learner: false,
  }));
}

export function initialClusterId(members: readonly Member[], token: string): number {
  const ids = members.map(({ id }) => id).sort((a, b) => a - b);
  return hash53(`${token}\n${ids.join('\n')}`);
}

export async function readIdentity(file: IdentityFile): Promise<Identity | undefined> {
  const value = await file.readJson(fileName);
  if (value === undefined) return undefined;
  const { memberId, clusterId, name, starts } = value as Partial<Identity>;
  if (!isId(memberId) || !isId(clusterId) || typeof name !== 'string' || !isId(starts)) {
    throw new QuorateError('data-loss', `${fileName} in the data directory is damaged`);
  }
  return { memberId, clusterId, name, starts };
}

export function writeIdentity(file: IdentityFile, identity: Identity): Promise<void> {
  return file.writeJson(fileName, identity);
}

function isId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}
