import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http2 from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadProto } from '#shared/rpc';
import { framed } from './grpc-stream.ts';
import type { ProtoGrpcType } from '../../shared/rpc/gen/rpc.ts';

const { KV } = loadProto<ProtoGrpcType>('etcd/rpc.proto').etcdserverpb;
const key = Buffer.from('bench/key');
const value = Buffer.alloc(256, 'v');

/** A request that h2load sends over and over, as it is on the wire. */
export interface Request {
  readonly name: string;
  readonly path: string;
  readonly frame: Buffer;
}

const { Put, Range, Txn } = KV.service;

export const put: Request = {
  name: 'put',
  path: Put.path,
  frame: framed(Put.requestSerialize({ key, value })),
};

export const requests: readonly Request[] = [
  put,
  { name: 'range', path: Range.path, frame: framed(Range.requestSerialize({ key })) },
  {
    name: 'serializable range',
    path: Range.path,
    frame: framed(Range.requestSerialize({ key, serializable: true })),
  },
  {
    name: 'txn',
    path: Txn.path,
    frame: framed(
      Txn.requestSerialize({
        compare: [{ key, target: 'VERSION', result: 'GREATER', version: 0 }],
        success: [{ request_put: { key, value } }],
      }),
    ),
  },
];

/** A thousand keys of a kilobyte, as a list of a Kubernetes resource. */
export const listed = { prefix: 'bench/listed/', valueBytes: 1000, from: 0, to: 1000 };
export const list: Request = {
  name: 'range of 1 MB',
  path: Range.path,
  frame: framed(
    Range.requestSerialize({
      key: Buffer.from(listed.prefix),
      range_end: Buffer.from(listed.prefix.replace(/\/$/, '0')),
    }),
  ),
};

export interface Concurrency {
  readonly connections: number;
  readonly streams: number;
}

export const alone: Concurrency = { connections: 1, streams: 1 };
export const ten: Concurrency = { connections: 1, streams: 10 };
export const hundred: Concurrency = { connections: 1, streams: 100 };

export const concurrencies: readonly Concurrency[] = [
  alone,
  hundred,
  { connections: 10, streams: 100 },
];

export interface Load {
  readonly perSecond: number;
  readonly requests: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const windowBits = 24;

/** Loads one endpoint with h2load. It sees HTTP statuses only: `probe` before and after. */
export async function load(
  endpoint: string,
  request: Request,
  { connections, streams }: Concurrency,
  seconds: number,
): Promise<Load> {
  const dir = mkdtempSync(join(tmpdir(), 'h2load-'));
  const body = join(dir, 'body');
  const log = join(dir, 'log');
  writeFileSync(body, request.frame);
  try {
    await probe(endpoint, request);
    const output = await run('h2load', [
      `--clients=${connections}`,
      `--max-concurrent-streams=${streams}`,
      `--duration=${seconds}`,
      `--data=${body}`,
      `--log-file=${log}`,
      // As clients of gRPC come to have them, that widen theirs to what a connection takes.
      `--window-bits=${windowBits}`,
      `--connection-window-bits=${windowBits}`,
      '--header=content-type: application/grpc',
      '--header=te: trailers',
      `http://${endpoint}${request.path}`,
    ]);
    await probe(endpoint, request);
    const failed = /(\d+) failed, (\d+) errored, (\d+) timeout/.exec(output)?.slice(1) ?? ['?'];
    if (failed.some((count) => count !== '0') || /\b[1-9]\d* [345]xx/.test(output)) {
      throw new Error(`requests of ${request.name} failed:\n${output}`);
    }
    return measured(readFileSync(log, 'utf8'), seconds);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Puts and ranges at once, fifty in flight of each. */
export async function loadMixed(endpoint: string, seconds: number): Promise<Load> {
  const half = { connections: 1, streams: 50 };
  const wanted = requests.filter(({ name }) => name === 'put' || name === 'range');
  const halves = await Promise.all(wanted.map((each) => load(endpoint, each, half, seconds)));
  const sum = (of: (half: Load) => number): number =>
    halves.reduce((total, each) => total + of(each), 0);
  return {
    perSecond: sum(({ perSecond }) => perSecond),
    requests: sum((each) => each.requests),
    p50Ms: Math.max(...halves.map(({ p50Ms }) => p50Ms)),
    p99Ms: Math.max(...halves.map(({ p99Ms }) => p99Ms)),
  };
}

/** Each line: start (µs), HTTP status, duration (µs). */
function measured(log: string, seconds: number): Load {
  const durations: number[] = [];
  for (const line of log.split('\n')) {
    const [, status, duration] = line.split('\t');
    if (status === '200') durations.push(Number(duration) / 1000);
  }
  return loadOf(durations, seconds);
}

/** What calls of these durations (ms) come to, made in so many seconds; sorts them. */
export function loadOf(durations: number[], seconds: number): Load {
  durations.sort((a, b) => a - b);
  const at = (share: number): number => durations[Math.floor(durations.length * share)] ?? NaN;
  return {
    perSecond: durations.length / seconds,
    requests: durations.length,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
  };
}

/** The same bytes once, over plain HTTP/2: throws unless the answer is gRPC's OK with a message. */
export function probe(endpoint: string, request: Request): Promise<void> {
  const session = http2.connect(`http://${endpoint}`);
  return new Promise<void>((resolve, reject) => {
    session.on('error', reject);
    const stream = session.request({
      ':method': 'POST',
      ':path': request.path,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    let bytes = 0;
    let grpcStatus: unknown;
    stream.on('response', (headers) => {
      grpcStatus = headers['grpc-status'];
    });
    stream.on('trailers', (trailers) => {
      grpcStatus = trailers['grpc-status'];
    });
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    stream.on('error', reject);
    stream.on('close', () => {
      if (String(grpcStatus) === '0' && bytes > 5) resolve();
      else reject(new Error(`${request.path}: grpc-status ${String(grpcStatus)}, ${bytes} bytes`));
    });
    stream.end(request.frame);
  }).finally(() => session.close());
}

function run(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(command, args, { maxBuffer: 16 << 20 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${command} ${args.join(' ')}: ${stdout}${stderr}`));
      else resolve(stdout);
    });
  });
}
