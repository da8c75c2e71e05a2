import { loadProto } from '#shared/rpc';
import type { ProtoGrpcType } from '../../shared/rpc/gen/rpc.ts';
import { framed, GrpcStreams } from './grpc-stream.ts';
import { type Load, loadOf } from './load.ts';

const { Lease } = loadProto<ProtoGrpcType>('etcd/rpc.proto').etcdserverpb;
const { path, requestSerialize } = Lease.service.LeaseKeepAlive;

/** Renews one lease on so many streams at once, each as soon as its last renewal is answered. */
export async function keepAlives(
  endpoint: string,
  lease: bigint,
  inFlight: number,
  seconds: number,
): Promise<Load> {
  const renewal = framed(requestSerialize({ ID: String(lease) }));
  const durations: number[] = [];
  const sentMs: number[] = [];
  const streams = new GrpcStreams();
  streams.open(endpoint, path, { connections: 1, streams: inFlight }, (number) => {
    const now = performance.now();
    durations.push(now - (sentMs[number] ?? now));
    sentMs[number] = now;
    streams.streams[number]?.write(renewal);
  });
  streams.streams.forEach((stream, number) => {
    sentMs[number] = performance.now();
    stream.write(renewal);
  });
  const over = new Promise<void>((resolve) => {
    setTimeout(resolve, seconds * 1000);
  });
  await Promise.race([over, streams.failed]);
  streams.close();
  return loadOf(durations, seconds);
}
