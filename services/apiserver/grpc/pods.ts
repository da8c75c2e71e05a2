import { connect as tlsConnect, type TLSSocket } from 'node:tls';
import { refs } from '#shared/api';
import { QuorateError } from '#shared/base';
import {
  podStreams,
  podsService,
  type PodsCaller,
  type PodsHost,
  readNodeUsage,
} from '#shared/client';
import { type ClientTls, connect, loadProto } from '#shared/rpc';
import type { ProtoGrpcType as PodsProto } from '../../../shared/rpc/gen/pods.ts';
import type { ProtoGrpcType as StatsProto } from '../../../shared/rpc/gen/stats.ts';
import type { PodsHandlers } from '../../../shared/rpc/gen/quorate/v1/Pods.ts';
import type { Core } from '../core.ts';
import type { PodAccessDeps } from '../pods/pod-access.ts';
import type { Call } from '../requests/call.ts';
import { objectPlace } from '../requests/place.ts';
import type { CallerOf } from './caller.ts';

/** quorate.v1.Pods over the core. */
export function podsHandlers(
  { requests, kinds }: Core,
  callerOf: CallerOf,
  stopping: AbortSignal,
): PodsHandlers {
  const hostFor = async (caller: PodsCaller): Promise<PodsHost> => {
    const user = await callerOf(caller);
    const authorize = (
      verb: string,
      subresource: string,
      namespace: string,
      name: string,
    ): Promise<Call> => {
      const asked = { ref: refs.pods, namespace, name, subresource };
      return requests.authorize(user, verb, objectPlace(kinds, asked));
    };
    return {
      async *log(namespace, name, options) {
        yield* (await authorize('get', 'log', namespace, name)).logs(options);
      },
      async exec(namespace, name, options) {
        const call = await authorize('create', 'exec', namespace, name);
        const running = await call.exec(options);
        return () => Promise.resolve(running);
      },
      async attach(namespace, name, options) {
        const call = await authorize('create', 'attach', namespace, name);
        const running = await call.attach(options);
        return () => Promise.resolve(running);
      },
      async forward(namespace, name, port, signal) {
        const call = await authorize('create', 'portforward', namespace, name);
        return call.forward(port, signal);
      },
    };
  };
  return podsService(hostFor, stopping);
}

/** An agent that does not say what it uses within this time says nothing. */
const usageTimeoutMs = 3_000;

type Services = (PodsProto & StatsProto)['quorate']['v1'];
let loaded: Services | undefined;

/** Connects to agents, which serve the same methods for the pods of their nodes. */
export const agentConnector =
  (tls: Promise<ClientTls> | undefined): PodAccessDeps['connectAgent'] =>
  async (address, node) => {
    // Loaded with the first call to an agent.
    loaded ??= loadProto<PodsProto & StatsProto>('quorate/v1/pods.proto', 'quorate/v1/stats.proto')
      .quorate.v1;
    // Whatever its address: an agent is who its certificate says.
    const known = tls && { ...(await tls), serverName: node };
    const client = connect(loaded.Pods, address, undefined, known);
    const stats = connect(loaded.Stats, address, client);
    return {
      ...podStreams(client),
      usage: () => readNodeUsage(stats, { timeoutMs: usageTimeoutMs }),
      connect: () => httpsConnection(address, known),
      close: () => client.close(),
    };
  };

/** Errors, of connecting too, come as the stream's. */
function httpsConnection(address: string, tls: ClientTls | undefined): TLSSocket {
  if (!tls) {
    throw new QuorateError('failed-precondition', 'agents serve HTTP over TLS only, which is off');
  }
  const { hostname, port } = new URL(`https://${address}`);
  const { ca, cert, key, serverName } = tls;
  return tlsConnect({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port),
    ca,
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(serverName !== undefined && { servername: serverName }),
    ALPNProtocols: ['http/1.1'],
  });
}
