import { randomInt, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  type AdmissionOptions,
  type ApiServer,
  createApiServer,
  type SecurityOptions,
  type TokenKeys,
  type User,
} from '#services/apiserver';
import { controllerManagerConfig, createControllerManager } from '#services/controller-manager';
import { createScheduler, schedulerConfig } from '#services/scheduler';
import { createStore, type StoreOptions } from '#services/store';
import { createRng, must, type Rng } from '#shared/base';
import type { ApiClient, KvClient } from '#shared/client';
import type { Clock } from '#shared/clock';
import {
  exitCodes,
  fromEnvironment,
  integerSetting,
  type Logger,
  type Service,
} from '#shared/runtime';
import { connectStore } from './cluster/external-store.ts';
import { firstAddress, type MasterPart, mastersOf } from './cluster/layout.ts';
import { apiServicePort } from './cluster/networks.ts';
import { splitAddress } from './cluster/ports.ts';
import { authorityOf, identityOf, partCertificate, tokenKeysOf } from './cluster/certificates.ts';
import { type Cluster, storageDir } from './cluster/state.ts';
import type { Context } from './context.ts';
import type { PartContext } from './part.ts';

/** The components of a master are users like others: what they may do, their roles say. */
const schedulerUser: User = {
  name: 'system:kube-scheduler',
  groups: ['system:authenticated'],
};
const controllerManagerUser: User = {
  name: 'system:kube-controller-manager',
  groups: ['system:authenticated'],
};

/** As Kubernetes knows the controllers that have rights of their own. */
const serviceAccountUser = (account: string): User => ({
  name: `system:serviceaccount:kube-system:${account}`,
  groups: ['system:serviceaccounts', 'system:serviceaccounts:kube-system', 'system:authenticated'],
});

/** A master: a member of the store, or a client of another one; API server, scheduler, controllers. */
export async function buildMaster(
  { context, cluster, log, ready, faults }: PartContext,
  part: MasterPart,
): Promise<readonly Service[]> {
  const { clock } = context;
  const rng = createRng(randomInt(2 ** 32));
  const masters = mastersOf(cluster.state.parts);
  const behind = async (peer: string, address: string): Promise<string> =>
    faults?.gateBefore(peer, address) ?? address;
  const apiAddress = splitAddress(await behind('api', part.api));
  const restAddress = splitAddress(await behind('rest', part.rest));
  const memberOptions = async (): Promise<StoreOptions> => ({
    name: part.name,
    dataDir: storageDir(cluster, part.name),
    listenClientUrls: [await behind('clients', part.client)],
    advertiseClientUrls: [part.client],
    listenPeerUrls: [part.peer],
    initialCluster: Object.fromEntries(masters.map((master) => [master.name, [master.peer]])),
    initialClusterToken: `quorate-${cluster.state.createdAt}`,
    clock,
    log,
    rng,
    faults: faults?.plane,
    onFatal: (error) => {
      log.error({ err: error }, 'the store has stopped itself: exiting');
      context.host.exit(exitCodes.crashed);
    },
  });
  const store = cluster.state.store
    ? await connectStore(cluster.state.store, clock)
    : createStore(await memberOptions());
  return [
    ready.after('store', store),
    ...controlPlane({
      context,
      log,
      cluster,
      name: part.name,
      kv: store.kv,
      rng,
      listen: apiAddress,
      listenRest: restAddress,
      advertise: part.rest,
      apiServerAs: (service) => ready.after('apiserver', service),
    }),
    ready.allAfter(Promise.resolve()),
  ];
}

export interface ControlPlane {
  readonly context: Context;
  readonly log: Logger;
  /** Its networks, and where its certificates are. */
  readonly cluster: Cluster;
  /** Whose certificate the API server shows. */
  readonly name: string;
  readonly kv: KvClient;
  readonly rng: Rng;
  /** Where quorate.v1 and the Kubernetes REST API are served. */
  readonly listen: { readonly host: string; readonly port: number };
  readonly listenRest: { readonly host: string; readonly port: number };
  /** `address:port` at which pods reach the REST API; absent: where it listens. */
  readonly advertise?: string;
  /** The API server, perhaps with somebody told when it is up. */
  readonly apiServerAs?: (service: Service) => Service;
  /** False: the API server alone. */
  readonly controllers?: boolean;
}

/** API server, scheduler and controllers over a store. */
export function controlPlane(plane: ControlPlane): Service[] {
  const { context, log, cluster, name, kv, rng } = plane;
  const { clock } = context;
  let apiServer: ApiServer | undefined;
  const apiAs = (user: User): ApiClient => must(apiServer, 'the API server is started').apiAs(user);
  // Leads of this process are not those of an earlier one of its name.
  const identity = `${name}_${randomUUID()}`;
  const first = lazily(clock, () => {
    const { podCidr, serviceCidr, nodePortRange } = cluster.state;
    const certificate = partCertificate(cluster, name, clock);
    apiServer = createApiServer({
      kv,
      clock,
      log,
      rng,
      uuid: randomUUID,
      networks: { podCidr, serviceCidr, ...(nodePortRange !== undefined && { nodePortRange }) },
      kubernetesService: {
        advertise: plane.advertise ?? `${plane.listenRest.host}:${plane.listenRest.port}`,
        clusterIp: firstAddress(serviceCidr),
        port: apiServicePort(),
      },
      listen: certificate.then((tls) => ({ ...plane.listen, tls })),
      agentClient: partCertificate(cluster, 'apiserver-agent-client', clock),
      admission: admissionOptions(context),
      security: securityOptions(
        context,
        certificate.then(() => tokenKeysOf(cluster)),
      ),
      listenRest: certificate.then((tls) => ({ ...plane.listenRest, tls })),
    });
    return apiServer;
  });
  const second = lazily(clock, () => {
    const common = { clock, log, identity, rng };
    const set = fromEnvironment(context.env);
    return together([
      createScheduler({ ...common, api: apiAs(schedulerUser), config: schedulerConfig(set) }),
      createControllerManager({
        ...common,
        api: apiAs(controllerManagerUser),
        apiFor: (account) => apiAs(serviceAccountUser(account)),
        rootCa: identityOf(cluster, name).ca,
        authority: () => authorityOf(cluster, clock.now()),
        config: controllerManagerConfig(set),
      }),
    ]);
  });
  const server = plane.apiServerAs?.(first) ?? first;
  return plane.controllers === false ? [server] : [server, second];
}

/** `QUORATE_TOKEN_AUTH_FILE` and `QUORATE_ANONYMOUS_AUTH`, named as Kubernetes' flags. */
function securityOptions({ env, cwd }: Context, tokenKeys: Promise<TokenKeys>): SecurityOptions {
  const value = fromEnvironment(env);
  const file = value('token-auth-file');
  return {
    tokenKeys,
    anonymous: value('anonymous-auth') === 'true',
    ...(file !== undefined && { tokenFile: readFileSync(resolve(cwd, file), 'utf8') }),
  };
}

/**
 * `QUORATE_DISABLE_ADMISSION_PLUGINS` and `QUORATE_DEFAULT_TOLERATION_SECONDS`. A pod that says
 * nothing stays on a lost node as long as the controllers here would let it: not Kubernetes' 300 s.
 */
function admissionOptions({ env }: Context): AdmissionOptions {
  const value = fromEnvironment(env);
  const { podEvictionTimeoutMs } = controllerManagerConfig(value);
  const flag = 'default-toleration-seconds';
  const seconds = value(flag);
  return {
    disabled: (value('disable-admission-plugins') ?? '').split(',').filter((name) => name !== ''),
    tolerationSeconds:
      seconds === undefined
        ? Math.ceil(podEvictionTimeoutMs / 1000)
        : integerSetting(`--${flag}`, seconds, 0, 2 ** 31 - 1),
  };
}

/** What stops above the store may still want to write, and without a quorum waits in vain. */
const stopTimeoutMs = 1_500;

/** A service that can only be built once those before it have started. */
function lazily(clock: Clock, build: () => Service): Service {
  let service: Service | undefined;
  return {
    start() {
      service = build();
      return service.start();
    },
    async stop() {
      if (service) await Promise.race([service.stop(), clock.sleep(stopTimeoutMs)]);
    },
  };
}

function together(services: readonly Service[]): Service {
  return {
    async start() {
      await Promise.all(services.map((service) => service.start()));
    },
    async stop() {
      await Promise.all(services.map((service) => service.stop()));
    },
  };
}
