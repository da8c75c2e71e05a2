import type { Server as HttpServer } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Server } from '@grpc/grpc-js';
import { podsService } from '#shared/client';
import {
  createServer,
  listen,
  listenTls,
  loadProto,
  type ServerTls,
  shutdown,
  type TlsListener,
} from '#shared/rpc';
import type { ProtoGrpcType as PodsProto } from '../../../shared/rpc/gen/pods.ts';
import type { ProtoGrpcType as StatsProto } from '../../../shared/rpc/gen/stats.ts';
import type { PodAccess } from '../pods/pod-access.ts';
import type { UsageMeter } from '../stats/usage-meter.ts';
import { statsHandlers } from './stats-service.ts';

export interface PodsListen {
  readonly host: string;
  /** 0: any. */
  readonly port: number;
  /** Absent: in clear text, for whoever asks, and gRPC only. */
  readonly tls?: ServerTls | undefined;
}

/** Kubernetes' name of the API server as a client of agents: it has asked who its own caller is. */
const apiServerName = 'kube-apiserver-kubelet-client';

const isApiServer = (socket: TLSSocket): boolean =>
  socket.authorized && socket.getPeerCertificate().subject?.CN === apiServerName;

/** quorate.v1.Pods and Stats of this node, and what `http` answers, for the API server alone. */
export class PodsServer {
  readonly #server: Server;
  readonly #http: HttpServer;
  #listener: TlsListener | undefined;

  constructor(pods: PodAccess, meter: UsageMeter, http: HttpServer) {
    this.#http = http;
    const proto = loadProto<PodsProto & StatsProto>(
      'quorate/v1/pods.proto',
      'quorate/v1/stats.proto',
    );
    this.#server = createServer();
    this.#server.addService(
      proto.quorate.v1.Pods.service,
      podsService(() => pods),
    );
    this.#server.addService(
      proto.quorate.v1.Stats.service,
      statsHandlers(() => meter.usage()),
    );
  }

  /** Resolves with the port bound. */
  async listen({ host, port, tls }: PodsListen): Promise<number> {
    if (!tls) return listen(this.#server, `${host}:${port}`);
    const http = this.#http;
    this.#listener = await listenTls(this.#server, { host, port, tls, admits: isApiServer, http });
    return this.#listener.port;
  }

  /** Calls are let go at once: followers and commands have no end of their own. */
  stop(): Promise<void> {
    this.#listener?.close();
    this.#http.closeAllConnections();
    return shutdown(this.#server, 0);
  }
}
