import { must, type Rng } from '#shared/base';
import type { ApiClient, KvClient, NodeApi } from '#shared/client';
import type { Clock } from '#shared/clock';
import type { ClientTls } from '#shared/rpc';
import type { Logger } from '#shared/runtime';
import type { AdmissionOptions } from './admission/default-plugins.ts';
import type { SecurityOptions } from './auth/security.ts';
import { serverUser, type User } from './auth/user.ts';
import { bootstrap } from './bootstrap.ts';
import { Compactor } from './compaction.ts';
import { createCore } from './core.ts';
import { type Door, type GrpcListen, openGrpcDoor } from './grpc/door.ts';
import { agentConnector } from './grpc/pods.ts';
import { type ApplyApi, createInProcessClient } from './in-process-client.ts';
import {
  type KubernetesService,
  KubernetesServicePublisher,
} from './kubernetes-service/publisher.ts';
import type { Networks } from './registry/allocations.ts';
import type { RestDoor, RestListen } from './rest/door.ts';

export interface ApiServerOptions {
  /** The store: in process, or any etcd. The caller closes it, after `stop`. */
  readonly kv: KvClient;
  readonly clock: Clock;
  readonly log: Logger;
  /** For generated names and Service addresses; differs between masters. Not for secrets. */
  readonly rng: Rng;
  /** A new RFC 4122 UUID. */
  readonly uuid: () => string;
  /** Absent: 127.64.0.0/11 for pods, 127.96.0.0/16 for Services. */
  readonly networks?: Partial<Networks> | undefined;
  /** Where quorate.v1 is served; absent: only in process. Certificates may still be in the making. */
  readonly listen?: Promise<GrpcListen> | undefined;
  /**
   * Where the Kubernetes REST API is served, and with which certificates, which may still be in the
   * making; absent: nowhere. Port 0 takes a free one.
   */
  readonly listenRest?: Promise<RestListen> | undefined;
  /** As whom agents are asked, for logs; absent: in clear text. */
  readonly agentClient?: Promise<ClientTls> | undefined;
  /** How callers are known; absent: by certificates alone. */
  readonly security?: SecurityOptions | undefined;
  readonly admission?: AdmissionOptions | undefined;
  /** How many of each kind's latest changes a watch can be resumed from, at least; absent: 2048. */
  readonly watchWindow?: number | undefined;
  /** The Service `kubernetes`; absent: there is none. */
  readonly kubernetesService?: KubernetesService | undefined;
}

export interface ApiServer {
  /** Resolves once requests can be served, however long the store takes to have a quorum. */
  start(): Promise<void>;
  /** Ends watches and streams, then lets calls in flight finish. */
  stop(): Promise<void>;
  /** The API in this process, as the server itself. Works from `start` on. */
  readonly api: ApiClient;
  /** The same as this user, who may do there what every door lets them do. */
  apiAs(user: User): ApiClient & NodeApi & ApplyApi;
  /** The bound port of quorate.v1; throws before the server listens. */
  readonly port: number;
  /** The same of the REST API. */
  readonly restPort: number;
}

/** How long a server that stops tries to say so. */
const leaveMs = 500;

/** The API server: one core, and the gRPC door to it. */
export function createApiServer(options: ApiServerOptions): ApiServer {
  const { kv, clock } = options;
  const log = options.log.child({ component: 'apiserver' });
  const core = createCore({ ...options, log, connectAgent: agentConnector(options.agentClient) });
  const stopping = new AbortController();
  let compactor: Compactor | undefined;
  let door: Door | undefined;
  let restDoor: RestDoor | undefined;
  const publisher =
    options.kubernetesService &&
    new KubernetesServicePublisher({ ...core, kv, log }, options.kubernetesService);
  let published: Promise<void> | undefined;
  return {
    api: createInProcessClient(core, serverUser),
    apiAs: (user) => createInProcessClient(core, user),
    get port() {
      return must(door, 'the API server listens').port;
    },
    get restPort() {
      return must(restDoor, 'the REST API listens').port;
    },
    async start() {
      const openGrpc = async (): Promise<void> => {
        if (!options.listen) return;
        const listen = await options.listen;
        door = await openGrpcDoor(core, listen);
        log.info({ host: listen.host, port: door.port }, 'listening');
      };
      const openRest = async (): Promise<void> => {
        if (!options.listenRest) return;
        const { openRestDoor } = await import('./rest/door.ts');
        restDoor = await openRestDoor(core, log, await options.listenRest);
        log.info({ port: restDoor.port }, 'the REST API listens');
      };
      await Promise.all([
        openGrpc(),
        openRest(),
        bootstrap(core.registry, core.kinds, clock, log, stopping.signal).then(() => {
          // Whoever asks meanwhile waits for it; a server that stops knows no roles.
          core.security.policy.begin().catch(() => undefined);
        }),
        core.watches.start(core.kinds.all().filter(({ verbs }) => verbs.includes('watch'))),
      ]);
      compactor = new Compactor(kv, clock, log);
      published = publisher?.run(stopping.signal);
      log.info({}, 'ready');
    },
    async stop() {
      stopping.abort();
      compactor?.stop();
      await published;
      // Without a quorum nobody is told, and finds out in time.
      await Promise.race([publisher?.leave().catch(() => undefined), clock.sleep(leaveMs)]);
      core.watches.stop();
      await Promise.all([door?.close(), restDoor?.close()]);
      core.pods.close();
      await core.mirror.settled();
    },
  };
}
