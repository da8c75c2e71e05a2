import { once } from 'node:events';
import type { TLSSocket } from 'node:tls';
import type { sendUnaryData, Server, ServerWritableStream } from '@grpc/grpc-js';
import {
  createServer,
  listen,
  listenTls,
  loadProto,
  type ServerTls,
  shutdown,
  type TlsListener,
  toStatus,
} from '#shared/rpc';
import type { LogChunk } from '../../../shared/rpc/gen/quorate/v1/LogChunk.ts';
import type { LogRequest__Output } from '../../../shared/rpc/gen/quorate/v1/LogRequest.ts';
import type { ProtoGrpcType } from '../../../shared/rpc/gen/pods.ts';
import type { PodLogs } from '../pods/pod-logs.ts';

type LogCall = ServerWritableStream<LogRequest__Output, LogChunk>;

export interface PodsListen {
  readonly host: string;
  /** 0: any. */
  readonly port: number;
  /** Absent: in clear text, for whoever asks. */
  readonly tls?: ServerTls | undefined;
}

/** Kubernetes' name of the API server as a client of agents: it has asked who its own caller is. */
const apiServerName = 'kube-apiserver-kubelet-client';

const isApiServer = (socket: TLSSocket): boolean =>
  socket.authorized && socket.getPeerCertificate().subject?.CN === apiServerName;

/** quorate.v1.Pods for the pods of this node, for the API server alone. */
export class PodsServer {
  readonly #server: Server;
  #listener: TlsListener | undefined;

  constructor(logs: PodLogs) {
    const proto = loadProto<ProtoGrpcType>('quorate/v1/pods.proto');
    this.#server = createServer();
    this.#server.addService(proto.quorate.v1.Pods.service, {
      Log: (call: LogCall) => void serveLog(call, logs),
    } satisfies Record<string, (call: LogCall, done: sendUnaryData<never>) => void>);
  }

  /** Resolves with the port bound. */
  async listen({ host, port, tls }: PodsListen): Promise<number> {
    if (!tls) return listen(this.#server, `${host}:${port}`);
    this.#listener = await listenTls(this.#server, { host, port, tls, admits: isApiServer });
    return this.#listener.port;
  }

  /** Followers are let go at once: they have no end of their own. */
  stop(): Promise<void> {
    this.#listener?.close();
    return shutdown(this.#server, 0);
  }
}

async function serveLog(call: LogCall, logs: PodLogs): Promise<void> {
  const gone = new AbortController();
  call.on('cancelled', () => gone.abort());
  const { namespace, name, container, follow, previous, tail_lines, limit_bytes } = call.request;
  const limitBytes = Number(limit_bytes);
  try {
    const chunks = await logs.open(namespace, name, {
      follow,
      previous,
      signal: gone.signal,
      ...(container !== '' && { container }),
      ...(tail_lines !== undefined && { tailLines: Number(tail_lines) }),
      ...(limitBytes > 0 && { limitBytes }),
    });
    for await (const data of chunks) {
      // A reader that does not keep up makes the file wait, not memory grow.
      if (!call.write({ data: Buffer.from(data) }) && !gone.signal.aborted) {
        await once(call, 'drain', { signal: gone.signal });
      }
    }
    call.end();
  } catch (thrown) {
    if (!gone.signal.aborted) call.emit('error', toStatus(thrown));
  }
}
