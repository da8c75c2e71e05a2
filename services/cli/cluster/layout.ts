import { parseIpRange } from '#shared/base';
import { CommandError } from '../command-error.ts';

/** One master or worker of a local cluster: a process with a name and its addresses. */
export type Part = MasterPart | WorkerPart;

export interface MasterPart {
  readonly role: 'master';
  readonly name: string;
  /** etcd v3 clients. */
  readonly client: string;
  /** Raft. */
  readonly peer: string;
  /** quorate.v1. */
  readonly api: string;
  /** The Kubernetes REST API. */
  readonly rest: string;
}

export interface WorkerPart {
  readonly role: 'worker';
  readonly name: string;
  readonly agent: string;
}

export interface LayoutRequest {
  readonly masters: number;
  readonly workers: number;
  /** Added to every port, so that two clusters can share a machine. */
  readonly portOffset: number;
}

const host = '127.0.0.1';
const basePorts = { client: 23790, peer: 23800, api: 26440, rest: 16440, agent: 20250 };

/** The base ports of two roles lie ten apart. */
export const partsMax = 9;

/** Master N listens on 23790+N, 23800+N, 26440+N and 16440+N, worker N on 20250+N. */
export function layOut({ masters, workers, portOffset }: LayoutRequest): Part[] {
  const at = (base: number, ordinal: number): string => `${host}:${base + ordinal + portOffset}`;
  const parts: Part[] = [];
  for (let n = 1; n <= masters; n++) {
    parts.push({
      role: 'master',
      name: `master-${n}`,
      client: at(basePorts.client, n),
      peer: at(basePorts.peer, n),
      api: at(basePorts.api, n),
      rest: at(basePorts.rest, n),
    });
  }
  for (let n = 1; n <= workers; n++) {
    parts.push({ role: 'worker', name: `worker-${n}`, agent: at(basePorts.agent, n) });
  }
  return parts;
}

/** What a part listens on, in the order a table shows it. */
export function addressesOf(part: Part): { use: string; address: string }[] {
  if (part.role === 'worker') return [{ use: 'agent', address: part.agent }];
  return [
    { use: 'client', address: part.client },
    { use: 'peer', address: part.peer },
    { use: 'API', address: part.api },
    { use: 'Kubernetes API', address: part.rest },
  ];
}

export const mastersOf = (parts: readonly Part[]): MasterPart[] =>
  parts.filter((part) => part.role === 'master');

export const workersOf = (parts: readonly Part[]): WorkerPart[] =>
  parts.filter((part) => part.role === 'worker');

/** The parts of these names; `error` lists what there is. No names: none. */
export function partsNamed(parts: readonly Part[], names: readonly string[]): Part[] {
  return names.map((name) => {
    const part = parts.find((candidate) => candidate.name === name);
    if (part) return part;
    const known = parts.map((candidate) => candidate.name).join(', ');
    throw new CommandError(`no master or worker is named "${name}"`, {
      hint: `This cluster has: ${known}`,
    });
  });
}

/** `127.96.0.1` of `127.96.0.0/16`. */
export const firstAddress = (cidr: string): string => parseIpRange('network', cidr).address(1);
