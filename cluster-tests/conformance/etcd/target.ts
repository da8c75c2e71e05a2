import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  type CallOptions,
  Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import { eventually } from '#shared/lab';
import { loadProto } from '#shared/rpc';
import type { RangeRequest } from '../../../shared/rpc/gen/etcdserverpb/RangeRequest.ts';
import type { RangeResponse__Output } from '../../../shared/rpc/gen/etcdserverpb/RangeResponse.ts';
import type { PutRequest } from '../../../shared/rpc/gen/etcdserverpb/PutRequest.ts';
import type { PutResponse__Output } from '../../../shared/rpc/gen/etcdserverpb/PutResponse.ts';
import type { DeleteRangeRequest } from '../../../shared/rpc/gen/etcdserverpb/DeleteRangeRequest.ts';
import type { DeleteRangeResponse__Output } from '../../../shared/rpc/gen/etcdserverpb/DeleteRangeResponse.ts';
import type { TxnRequest } from '../../../shared/rpc/gen/etcdserverpb/TxnRequest.ts';
import type { TxnResponse__Output } from '../../../shared/rpc/gen/etcdserverpb/TxnResponse.ts';
import type { CompactionRequest } from '../../../shared/rpc/gen/etcdserverpb/CompactionRequest.ts';
import type { CompactionResponse__Output } from '../../../shared/rpc/gen/etcdserverpb/CompactionResponse.ts';
import type { LeaseGrantRequest } from '../../../shared/rpc/gen/etcdserverpb/LeaseGrantRequest.ts';
import type { LeaseGrantResponse__Output } from '../../../shared/rpc/gen/etcdserverpb/LeaseGrantResponse.ts';
import type { LeaseRevokeRequest } from '../../../shared/rpc/gen/etcdserverpb/LeaseRevokeRequest.ts';
import type { LeaseRevokeResponse__Output } from '../../../shared/rpc/gen/etcdserverpb/LeaseRevokeResponse.ts';
import type { LeaseTimeToLiveRequest } from '../../../shared/rpc/gen/etcdserverpb/LeaseTimeToLiveRequest.ts';
import type { LeaseTimeToLiveResponse__Output } from '../../../shared/rpc/gen/etcdserverpb/LeaseTimeToLiveResponse.ts';
import type { LeaseLeasesRequest } from '../../../shared/rpc/gen/etcdserverpb/LeaseLeasesRequest.ts';
import type { LeaseLeasesResponse__Output } from '../../../shared/rpc/gen/etcdserverpb/LeaseLeasesResponse.ts';
import type { MemberListRequest } from '../../../shared/rpc/gen/etcdserverpb/MemberListRequest.ts';
import type { MemberListResponse__Output } from '../../../shared/rpc/gen/etcdserverpb/MemberListResponse.ts';
import type { StatusRequest } from '../../../shared/rpc/gen/etcdserverpb/StatusRequest.ts';
import type { StatusResponse__Output } from '../../../shared/rpc/gen/etcdserverpb/StatusResponse.ts';
import type { HashKVRequest } from '../../../shared/rpc/gen/etcdserverpb/HashKVRequest.ts';
import type { HashKVResponse__Output } from '../../../shared/rpc/gen/etcdserverpb/HashKVResponse.ts';
import type { AlarmRequest } from '../../../shared/rpc/gen/etcdserverpb/AlarmRequest.ts';
import type { AlarmResponse__Output } from '../../../shared/rpc/gen/etcdserverpb/AlarmResponse.ts';
import type { WatchCreateRequest } from '../../../shared/rpc/gen/etcdserverpb/WatchCreateRequest.ts';
import type { WatchRequest } from '../../../shared/rpc/gen/etcdserverpb/WatchRequest.ts';
import type { WatchResponse__Output } from '../../../shared/rpc/gen/etcdserverpb/WatchResponse.ts';
import type { ProtoGrpcType } from '../../../shared/rpc/gen/rpc.ts';
import { etcd, inClearText, Members, quorate } from '../../bench/members.ts';

/** `CONFORMANCE_TARGET=etcd` runs the suite against Debian's etcd, which proves the suite right. */
export const target = process.env['CONFORMANCE_TARGET'] === 'etcd' ? 'etcd' : 'quorate';

/** More patient with each other than by default: on a busy machine a member may hear of nobody for a second. */
const patience = { 'election-timeout': '3000' };

/** Three members of what this run is about, or of another implementation. */
export function threeMembers(
  reach = inClearText,
  implementation = target === 'etcd' ? etcd : quorate,
): Members {
  return new Members(implementation, { ...reach, flags: { ...patience, ...reach.flags } });
}

/** Three fresh members; `stop` is the last thing of every file. */
export class Target {
  readonly members: Members;
  readonly #apis: Api[] = [];

  constructor(members = threeMembers()) {
    this.members = members;
  }

  async start(): Promise<void> {
    await this.members.startAll();
    await this.members.leader();
    await this.members.published();
  }

  async stop(): Promise<void> {
    for (const api of this.#apis) api.close();
    await this.members.destroy();
  }

  /** The API at one endpoint; `token`: of a user who authenticated; with this metadata. */
  api(index: number, token?: string, metadata: Readonly<Record<string, string>> = {}): Api {
    const api = new Api(this.members.endpoints[index] ?? '', token, metadata);
    this.#apis.push(api);
    return api;
  }

  /**
   * What was done before is done on every member: who answers without asking a quorum knows of it, too,
   * and nobody proposes on behalf of a user as an older auth revision knew it. `token`: of whom may read.
   */
  async everywhere(token?: string): Promise<void> {
    const everyone = [0, 1, 2].map((index) => this.api(index, token));
    await Promise.all(everyone.map(({ kv }) => kv.range({ key: bytes('x') })));
  }

  /** One run of etcdctl, against all endpoints if it names none, with `input` on its standard input. */
  etcdctl(args: readonly string[], input = ''): Promise<Run> {
    return new Promise((resolve, reject) => {
      const options = { env: etcdctlEnv, timeout: 120_000 };
      const child = execFile('etcdctl', this.#args(args), options, (error, stdout, stderr) => {
        const code = error ? error.code : 0;
        if (typeof code === 'number') resolve({ code, stdout, stderr });
        else reject(new Error(`etcdctl ${args.join(' ')} did not end: ${stdout}${stderr}`));
      });
      // A command need not read its input.
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(input);
    });
  }

  /** One that does not end by itself: what it has printed once that matches, then it is told to go. */
  async etcdctlUntil(
    args: readonly string[],
    pattern: RegExp,
    meanwhile: (child: ChildProcess, printed: () => string) => Promise<void> = () =>
      Promise.resolve(),
  ): Promise<string> {
    const child = spawn('etcdctl', this.#args(args), { env: etcdctlEnv });
    const gone = once(child, 'exit');
    let printed = '';
    let complaints = '';
    child.stdout.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      complaints += chunk.toString();
    });
    try {
      await meanwhile(child, () => printed);
      await eventually(`etcdctl ${args.join(' ')} to print ${pattern.source}`, () => {
        if (pattern.test(printed)) return true;
        throw new Error(JSON.stringify({ printed, complaints }));
      });
      return printed;
    } finally {
      child.kill('SIGINT');
      await gone;
    }
  }

  #args(args: readonly string[]): string[] {
    const given = (flag: string): boolean => args.some((arg) => arg.startsWith(flag));
    return [
      ...(given('--endpoints') ? [] : ['--endpoints', this.members.endpoints.join(',')]),
      // Its own five and two seconds are few on a busy machine.
      ...(given('--command-timeout') ? [] : ['--command-timeout=60s', '--dial-timeout=60s']),
      ...args,
    ];
  }
}

export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const etcdctlEnv = { ...process.env, ETCDCTL_API: '3' };

const packages = loadProto<ProtoGrpcType>(
  'etcd/rpc.proto',
  'etcd/v3lock.proto',
  'etcd/v3election.proto',
);
const { etcdserverpb: proto } = packages;

type Unary<Req, Res> = (
  request: Req,
  metadata: Metadata,
  options: CallOptions,
  callback: (error: ServiceError | null, response?: Res) => void,
) => unknown;

/** A message as it came. */
export type Answer = Readonly<Record<string, unknown>>;

/** Every service by generated types, one connection. */
export class Api {
  readonly kv;
  readonly lease;
  readonly cluster;
  readonly maintenance;
  readonly #watch;
  readonly #clients: Client[];
  readonly #endpoint: string;
  readonly #metadata = new Metadata();
  readonly #byService = new Map<string, Client>();

  constructor(endpoint: string, token?: string, metadata: Readonly<Record<string, string>> = {}) {
    this.#endpoint = endpoint;
    for (const [name, value] of Object.entries(metadata)) this.#metadata.set(name, value);
    if (token !== undefined) this.#metadata.set('token', token);
    const promised = <Req, Res>(method: Unary<Req, Res>) => this.#promised(method);
    const options = { 'grpc.use_local_subchannel_pool': 1 };
    const insecure = credentials.createInsecure();
    const kv = new proto.KV(endpoint, insecure, options);
    const lease = new proto.Lease(endpoint, insecure, options);
    const cluster = new proto.Cluster(endpoint, insecure, options);
    const maintenance = new proto.Maintenance(endpoint, insecure, options);
    this.#watch = new proto.Watch(endpoint, insecure, options);
    this.#clients = [kv, lease, cluster, maintenance, this.#watch];
    this.kv = {
      range: promised<RangeRequest, RangeResponse__Output>(kv.Range.bind(kv)),
      put: promised<PutRequest, PutResponse__Output>(kv.Put.bind(kv)),
      deleteRange: promised<DeleteRangeRequest, DeleteRangeResponse__Output>(
        kv.DeleteRange.bind(kv),
      ),
      txn: promised<TxnRequest, TxnResponse__Output>(kv.Txn.bind(kv)),
      compact: promised<CompactionRequest, CompactionResponse__Output>(kv.Compact.bind(kv)),
    };
    this.lease = {
      grant: promised<LeaseGrantRequest, LeaseGrantResponse__Output>(lease.LeaseGrant.bind(lease)),
      revoke: promised<LeaseRevokeRequest, LeaseRevokeResponse__Output>(
        lease.LeaseRevoke.bind(lease),
      ),
      timeToLive: promised<LeaseTimeToLiveRequest, LeaseTimeToLiveResponse__Output>(
        lease.LeaseTimeToLive.bind(lease),
      ),
      leases: promised<LeaseLeasesRequest, LeaseLeasesResponse__Output>(
        lease.LeaseLeases.bind(lease),
      ),
      keepAlive: (id: string): Promise<{ ID: string; TTL: string }> =>
        new Promise((resolve, reject) => {
          const stream = lease.LeaseKeepAlive(this.#metadata);
          stream.on('error', reject);
          stream.on('data', (response: { ID: string; TTL: string }) => {
            resolve(response);
            stream.end();
          });
          stream.write({ ID: id });
        }),
    };
    this.cluster = {
      memberList: promised<MemberListRequest, MemberListResponse__Output>(
        cluster.MemberList.bind(cluster),
      ),
    };
    this.maintenance = {
      status: promised<StatusRequest, StatusResponse__Output>(maintenance.Status.bind(maintenance)),
      hashKv: promised<HashKVRequest, HashKVResponse__Output>(maintenance.HashKV.bind(maintenance)),
      alarm: promised<AlarmRequest, AlarmResponse__Output>(maintenance.Alarm.bind(maintenance)),
    };
  }

  /** Any unary method by its name, such as `v3lockpb.Lock/Unlock`. */
  call(path: string, request: object): Promise<Answer> {
    const { client, method } = this.#find(path);
    return this.#promised(method.bind(client) as Unary<object, Answer>)(request);
  }

  /** Any method that streams answers: all of them, or as many as `count`, each told as it comes. */
  async stream(
    path: string,
    request: object,
    count = Infinity,
    told?: (answer: Answer) => void,
  ): Promise<Answer[]> {
    const { client, method } = this.#find(path);
    type Streaming = (request: object, metadata: Metadata) => ClientReadableStream<Answer>;
    const stream = (method.bind(client) as Streaming)(request, this.#metadata);
    const answers: Answer[] = [];
    for await (const answer of stream) {
      answers.push(answer as Answer);
      told?.(answer as Answer);
      if (answers.length >= count) break;
    }
    return answers;
  }

  #find(path: string): { client: Client; method: (...args: never[]) => unknown } {
    const [service = '', name = ''] = path.split('/');
    let client = this.#byService.get(service);
    if (!client) {
      const Service = service
        .split('.')
        .reduce<unknown>(
          (found, part) => (found as Record<string, unknown>)[part],
          packages,
        ) as new (
        ...args: ConstructorParameters<typeof Client>
      ) => Client;
      client = new Service(this.#endpoint, credentials.createInsecure(), {
        'grpc.use_local_subchannel_pool': 1,
      });
      this.#byService.set(service, client);
      this.#clients.push(client);
    }
    return { client, method: client[name as keyof Client] };
  }

  watch(): WatchSession {
    return new WatchSession(this.#watch.Watch(this.#metadata));
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }

  #promised<Req, Res>(method: Unary<Req, Res>): (request: Req) => Promise<Res> {
    return (request) =>
      new Promise((resolve, reject) => {
        method(request, this.#metadata, { deadline: Date.now() + 60_000 }, (error, response) => {
          if (error || response === undefined) reject(error ?? new Error('no response'));
          else resolve(response);
        });
      });
  }
}

/** One watch stream, whose responses are taken one after the other. */
export class WatchSession {
  readonly #stream: ClientDuplexStream<WatchRequest, WatchResponse__Output>;
  readonly #responses: WatchResponse__Output[] = [];
  #waiting: (() => void) | undefined;
  #last: WatchResponse__Output | undefined;

  constructor(stream: ClientDuplexStream<WatchRequest, WatchResponse__Output>) {
    this.#stream = stream;
    stream.on('data', (response: WatchResponse__Output) => {
      this.#responses.push(response);
      this.#waiting?.();
    });
    // Cancelled by `close`, or by its server's end.
    stream.on('error', () => undefined);
  }

  send(request: WatchRequest): void {
    this.#stream.write(request);
  }

  /** Creates one watch and takes the response that says so. */
  async create(request: WatchCreateRequest): Promise<WatchResponse__Output> {
    this.send({ create_request: request });
    return this.next();
  }

  async next(): Promise<WatchResponse__Output> {
    const until = Date.now() + 60_000;
    for (;;) {
      const response = this.#responses.shift();
      if (response) {
        this.#last = response;
        return response;
      }
      if (Date.now() > until) {
        const last = JSON.stringify(this.#last);
        throw new Error(`no response of the watch in 60 s; the last one was ${last}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, until - Date.now());
        this.#waiting = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** `count` events from as many responses as they come in: `PUT key=value@revision`. */
  async events(count: number): Promise<string[]> {
    const events: string[] = [];
    while (events.length < count) {
      const response = await this.next();
      for (const { type, kv } of response.events) {
        events.push(`${type} ${kv?.key.toString()}=${kv?.value.toString()}`);
      }
    }
    return events;
  }

  close(): void {
    this.#stream.cancel();
  }
}

export const bytes = (text: string): Buffer => Buffer.from(text);

/** A failed call as `CODE text`. */
export async function failure(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'OK';
  } catch (thrown) {
    const { code, details } = thrown as ServiceError;
    return `${code} ${details}`;
  }
}
