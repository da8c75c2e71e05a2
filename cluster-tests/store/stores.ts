import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Client } from '@grpc/grpc-js';
import { connect, loadProto, serverStream, unary } from '#shared/rpc';
import { eventually, freePort } from '#shared/lab';
import type { AlarmRequest } from '../../shared/rpc/gen/etcdserverpb/AlarmRequest.ts';
import type { AlarmResponse__Output } from '../../shared/rpc/gen/etcdserverpb/AlarmResponse.ts';
import type { DeleteRangeRequest } from '../../shared/rpc/gen/etcdserverpb/DeleteRangeRequest.ts';
import type { DeleteRangeResponse__Output } from '../../shared/rpc/gen/etcdserverpb/DeleteRangeResponse.ts';
import type { MemberAddRequest } from '../../shared/rpc/gen/etcdserverpb/MemberAddRequest.ts';
import type { MemberAddResponse__Output } from '../../shared/rpc/gen/etcdserverpb/MemberAddResponse.ts';
import type { MemberListRequest } from '../../shared/rpc/gen/etcdserverpb/MemberListRequest.ts';
import type { MemberListResponse__Output } from '../../shared/rpc/gen/etcdserverpb/MemberListResponse.ts';
import type { PutRequest } from '../../shared/rpc/gen/etcdserverpb/PutRequest.ts';
import type { PutResponse__Output } from '../../shared/rpc/gen/etcdserverpb/PutResponse.ts';
import type { RangeRequest } from '../../shared/rpc/gen/etcdserverpb/RangeRequest.ts';
import type { RangeResponse__Output } from '../../shared/rpc/gen/etcdserverpb/RangeResponse.ts';
import type { ProtoGrpcType } from '../../shared/rpc/gen/rpc.ts';

const main = join(import.meta.dirname, '../../dist/bin/quorate.js');
const proto = loadProto<ProtoGrpcType>('etcd/rpc.proto').etcdserverpb;

/** Members run by `quorate store`, each a process, as a user of etcd would start them. */
export class Stores {
  readonly #dir = mkdtempSync(join(tmpdir(), 'quorate-stores-'));
  readonly #processes = new Map<string, ChildProcess>();
  readonly #ports = new Map<string, { client: number; peer: number }>();
  readonly #clients: Client[] = [];
  readonly #peerScheme: 'http' | 'https';

  /** `https`: members over TLS, with whatever flags say of it. */
  constructor(peerScheme: 'http' | 'https' = 'http') {
    this.#peerScheme = peerScheme;
  }

  async reserve(...names: string[]): Promise<void> {
    for (const name of names) {
      this.#ports.set(name, { client: await freePort(), peer: await freePort() });
    }
  }

  start(name: string, members: readonly string[], ...flags: string[]): void {
    this.#spawn(name, ['store', ...this.#flags(name, members), ...flags]);
  }

  /** What the kernel has of the process: the flags that it was started with, those of Node.js among them. */
  commandLine(name: string): string[] {
    return readFileSync(`/proc/${this.#process(name).pid}/cmdline`, 'utf8').split('\0');
  }

  /** Resolves with the exit code once the process has gone. */
  async exit(name: string): Promise<number | null> {
    const child = this.#process(name);
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    return child.exitCode;
  }

  async kill(name: string): Promise<void> {
    this.#process(name).kill('SIGKILL');
    await this.exit(name);
  }

  /** As a service manager does it. */
  async stop(name: string): Promise<void> {
    this.#process(name).kill('SIGTERM');
    await this.exit(name);
  }

  signal(name: string, signal: NodeJS.Signals): void {
    this.#process(name).kill(signal);
  }

  loseDisk(name: string): void {
    rmSync(this.dataDir(name), { recursive: true });
  }

  dataDir(name: string): string {
    return join(this.#dir, name);
  }

  peerUrl(name: string): string {
    return `${this.#peerScheme}://127.0.0.1:${this.#portsOf(name).peer}`;
  }

  endpoint(name: string): string {
    return `127.0.0.1:${this.#portsOf(name).client}`;
  }

  /** With its content changed on the way. */
  copyFile(from: string, to: string, change: (content: Buffer) => Buffer): void {
    writeFileSync(to, change(readFileSync(from)));
  }

  log(name: string): string {
    return existsSync(this.#log(name)) ? readFileSync(this.#log(name), 'utf8') : '';
  }

  cluster(name: string) {
    const client = this.#connect(proto.Cluster, name);
    return {
      list: () =>
        unary<MemberListRequest, MemberListResponse__Output>(bound(client, 'MemberList'), {}),
      add: (url: string, isLearner = false) =>
        unary<MemberAddRequest, MemberAddResponse__Output>(bound(client, 'MemberAdd'), {
          peerURLs: [url],
          isLearner,
        }),
      remove: (ID: string) => unary(bound(client, 'MemberRemove'), { ID }),
      promote: (ID: string) => unary(bound(client, 'MemberPromote'), { ID }),
      update: (ID: string, url: string) =>
        unary(bound(client, 'MemberUpdate'), { ID, peerURLs: [url] }),
    };
  }

  /** The kinds of the alarms that are raised. */
  async alarms(name: string): Promise<string[]> {
    return (await this.#alarms(name)).map(({ alarm }) => alarm);
  }

  /** The members they are raised for. */
  async alarmedMembers(name: string): Promise<string[]> {
    return (await this.#alarms(name)).map(({ memberID }) => memberID);
  }

  async #alarms(name: string) {
    const client = this.#connect(proto.Maintenance, name);
    const { alarms } = await unary<AlarmRequest, AlarmResponse__Output>(bound(client, 'Alarm'), {});
    return alarms;
  }

  /** The Snapshot stream as one, and how much the last message said was to come. */
  async backup(name: string): Promise<{ blob: Buffer; remaining: number }> {
    const blobs: Buffer[] = [];
    let remaining = -1;
    for await (const part of serverStream(this.#connect(proto.Maintenance, name).Snapshot({}))) {
      blobs.push(part.blob);
      remaining = Number(part.remaining_bytes);
    }
    return { blob: Buffer.concat(blobs), remaining };
  }

  /** `quorate store restore` into the directory of a cluster of one; its exit code. */
  restore(name: string, file: string, ...flags: string[]): Promise<number | null> {
    this.#spawn(name, ['store', 'restore', file, ...this.#flags(name, [name]), ...flags]);
    return this.exit(name);
  }

  kv(name: string) {
    const client = this.#connect(proto.KV, name);
    const key = (text: string): Buffer => Buffer.from(text);
    return {
      put: (k: string, v: string | Buffer) =>
        unary<PutRequest, PutResponse__Output>(bound(client, 'Put'), {
          key: key(k),
          value: Buffer.from(v),
        }),
      get: async (k: string, serializable = false) => {
        const { kvs } = await unary<RangeRequest, RangeResponse__Output>(bound(client, 'Range'), {
          key: key(k),
          serializable,
        });
        return kvs[0]?.value.toString();
      },
      delete: (k: string) =>
        unary<DeleteRangeRequest, DeleteRangeResponse__Output>(bound(client, 'DeleteRange'), {
          key: key(k),
        }),
      compact: (revision: string) => unary(bound(client, 'Compact'), { revision, physical: true }),
    };
  }

  /** Writes get through: somebody leads, and this member knows. */
  async ready(...names: string[]): Promise<void> {
    for (const name of names) {
      await eventually(`${name} to serve`, async () => {
        await this.kv(name).put('ready', name);
        return true;
      });
    }
  }

  async destroy(): Promise<void> {
    for (const client of this.#clients) client.close();
    for (const name of this.#processes.keys()) await this.kill(name);
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #flags(name: string, members: readonly string[]): string[] {
    const { client } = this.#portsOf(name);
    return [
      `--name=${name}`,
      `--data-dir=${this.dataDir(name)}`,
      `--listen-client-urls=http://127.0.0.1:${client}`,
      `--listen-peer-urls=${this.peerUrl(name)}`,
      `--initial-cluster=${members.map((m) => `${m}=${this.peerUrl(m)}`).join(',')}`,
    ];
  }

  #spawn(name: string, args: readonly string[]): void {
    const log = openSync(this.#log(name), 'a');
    const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', log, log] });
    this.#processes.set(name, child);
  }

  #connect<C extends Client>(
    Service: new (...args: ConstructorParameters<typeof Client>) => C,
    name: string,
  ): C {
    const client = connect(Service, `127.0.0.1:${this.#portsOf(name).client}`);
    this.#clients.push(client);
    return client;
  }

  #log(name: string): string {
    return join(this.#dir, `${name}.log`);
  }

  #portsOf(name: string): { client: number; peer: number } {
    const ports = this.#ports.get(name);
    if (!ports) throw new Error(`${name} has no ports`);
    return ports;
  }

  #process(name: string): ChildProcess {
    const process = this.#processes.get(name);
    if (!process) throw new Error(`${name} was never started`);
    return process;
  }
}

type Method<Req, Res> = Parameters<typeof unary<Req, Res>>[0];

/** The overloads of generated clients hide the one that is used here. */
function bound<Req, Res>(client: Client, name: string): Method<Req, Res> {
  const method = client[name as keyof Client] as unknown as Method<Req, Res>;
  return method.bind(client);
}
