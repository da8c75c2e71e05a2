import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ChannelCredentials, credentials } from '@grpc/grpc-js';
import { eventually, freePort } from '#shared/lab';
import { loadProto } from '#shared/rpc';
import type { ProtoGrpcType } from '../../shared/rpc/gen/rpc.ts';
import type { Member__Output } from '../../shared/rpc/gen/etcdserverpb/Member.ts';
import type { StatusResponse__Output } from '../../shared/rpc/gen/etcdserverpb/StatusResponse.ts';

const root = join(import.meta.dirname, '../..');
const host = '127.0.0.1';
const size = 3;

/** Ours, or Debian's etcd: both take the same flags. */
export interface Implementation {
  readonly name: 'quorate' | 'etcd';
  readonly command: readonly [string, ...string[]];
}

export const quorate: Implementation = {
  name: 'quorate',
  command: [process.execPath, join(root, 'dist/bin/quorate.js'), 'store'],
};

export const etcd: Implementation = {
  name: 'etcd',
  command: ['etcd'],
};

/** Long enough for a member that reads a million keys first. */
const leaderWithinMs = 300_000;

/** Flags by name; both implementations take the same. */
export type MemberFlags = Readonly<Record<string, string>>;

/** How members are reached where it is not in clear text over TCP. */
export interface Reach {
  /** Of clients' URLs and of members'; `unix`: sockets in the members' directory. */
  readonly schemes: { readonly client: 'http' | 'https' | 'unix'; readonly peer: string };
  readonly flags: MemberFlags;
  /** Of a client; none: in clear text. */
  readonly credentials?: ChannelCredentials;
}

export const inClearText: Reach = { schemes: { client: 'http', peer: 'http' }, flags: {} };

/** Three members of one implementation as processes, on data directories of their own. */
export class Members {
  readonly implementation: Implementation;
  readonly #reach: Reach;
  readonly #dir: string;
  readonly #processes: (ChildProcess | undefined)[] = [];
  /** Of each member, for clients and for peers; they are taken when it is started first. */
  #ports: readonly { readonly client: number; readonly peer: number }[] = [];

  constructor(implementation: Implementation, reach: Reach = inClearText) {
    this.implementation = implementation;
    this.#reach = reach;
    this.#dir = mkdtempSync(join(tmpdir(), `${implementation.name}-members-`));
  }

  /** `host:port` of TCP, a URL of a socket. */
  get endpoints(): string[] {
    const sockets = this.#reach.schemes.client === 'unix' ? `unix://${this.#dir}/` : '';
    return Array.from({ length: size }, (_, i) => `${sockets}${this.#client(i)}`);
  }

  get pids(): number[] {
    return this.#processes.flatMap((child) => child?.pid ?? []);
  }

  async startAll(): Promise<void> {
    if (this.#ports.length === 0) this.#ports = await freePorts();
    for (let i = 0; i < size; i++) this.start(i);
  }

  /** `changed`: flags that are to be others than it was started with first. */
  start(index: number, changed: MemberFlags = {}): void {
    const [command, ...args] = this.implementation.command;
    const name = `m${index}`;
    const { schemes, flags: others } = this.#reach;
    const peer = this.peerUrl(index);
    const client = `${schemes.client}://${this.#client(index)}`;
    const initialCluster = Array.from({ length: size }, (_, i) => `m${i}=${this.peerUrl(i)}`);
    mkdirSync(this.#dir, { recursive: true });
    const log = openSync(join(this.#dir, `${name}.log`), 'a');
    const flags = {
      name,
      'data-dir': join(this.#dir, name),
      'listen-client-urls': client,
      'advertise-client-urls': client,
      'listen-peer-urls': peer,
      'initial-advertise-peer-urls': peer,
      'initial-cluster': initialCluster.join(','),
      ...others,
      ...changed,
    };
    this.#processes[index] = spawn(
      command,
      [...args, ...Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`)],
      { stdio: ['ignore', log, log], cwd: this.#dir },
    );
  }

  /** Resolves when the process is gone. */
  kill(index: number, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#processes[index];
    this.#processes[index] = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
    return new Promise((resolve) => {
      child.once('exit', () => resolve());
      child.kill(signal);
    });
  }

  /** All members again, on the data that they left. */
  async restart(): Promise<void> {
    await Promise.all(this.#processes.map((_, index) => this.kill(index)));
    await this.startAll();
  }

  async destroy(): Promise<void> {
    await Promise.all(this.#processes.map((_, index) => this.kill(index)));
    rmSync(this.#dir, { recursive: true, force: true });
  }

  /** Index of the member that leads, as all of them see it; throws, with the logs' place, where none does in time. */
  async leader(): Promise<number> {
    const until = performance.now() + leaderWithinMs;
    while (performance.now() < until) {
      const answers = await Promise.all(
        this.endpoints.map((endpoint) => status(endpoint, this.#reach.credentials)),
      );
      const leaders = new Set(answers.map((answer) => answer?.leader ?? '0'));
      const [leader] = leaders;
      const index = answers.findIndex((answer) => answer?.header?.member_id === leader);
      if (leaders.size === 1 && index >= 0) return index;
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    }
    throw new Error(
      `${this.implementation.name} has no leader after ${leaderWithinMs / 1000} s: see ${this.#dir}/*.log`,
    );
  }

  /** Resolves when every member lists every member as one that serves: they publish that one by one. */
  async published(): Promise<void> {
    for (const endpoint of this.endpoints) {
      await eventually(`${endpoint} to list all that serve`, async () => {
        const members = await memberList(endpoint, this.#reach.credentials);
        const serving = members.filter(({ clientURLs }) => clientURLs.length > 0);
        return serving.length === size || undefined;
      });
    }
  }

  log(index: number): string {
    const file = join(this.#dir, `m${index}.log`);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  #client(index: number): string {
    return `${host}:${this.#ports[index]?.client}`;
  }

  /** As it was started first, or by another scheme. */
  peerUrl(index: number, scheme = this.#reach.schemes.peer): string {
    return `${scheme}://${host}:${this.#ports[index]?.peer}`;
  }
}

async function freePorts(): Promise<{ client: number; peer: number }[]> {
  const ports: { client: number; peer: number }[] = [];
  for (let i = 0; i < size; i++) ports.push({ client: await freePort(), peer: await freePort() });
  return ports;
}

const { Cluster, Maintenance } = loadProto<ProtoGrpcType>('etcd/rpc.proto').etcdserverpb;

function memberList(
  endpoint: string,
  channel = credentials.createInsecure(),
): Promise<readonly Member__Output[]> {
  return new Promise((resolve, reject) => {
    const client = new Cluster(endpoint, channel, { 'grpc.use_local_subchannel_pool': 1 });
    client.MemberList({}, { deadline: Date.now() + 20_000 }, (error, response) => {
      client.close();
      if (error) reject(error);
      else resolve(response?.members ?? []);
    });
  });
}

function status(
  endpoint: string,
  channel = credentials.createInsecure(),
): Promise<StatusResponse__Output | undefined> {
  return new Promise((resolve) => {
    const client = new Maintenance(endpoint, channel, {
      'grpc.use_local_subchannel_pool': 1,
    });
    client.Status({}, { deadline: Date.now() + 2000 }, (error, response) => {
      client.close();
      resolve(error ? undefined : response);
    });
  });
}
