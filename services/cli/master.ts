import { randomInt, randomUUID } from 'node:crypto';
import { type ApiServer, createApiServer, type RestListen } from '#services/apiserver';
import { controllerManagerConfig, createControllerManager } from '#services/controller-manager';
import { createScheduler, schedulerConfig } from '#services/scheduler';
import { createStore } from '#services/store';
import { createRng, must } from '#shared/base';
import type { Clock } from '#shared/clock';
import { exitCodes, fromEnvironment, type Service } from '#shared/runtime';
import { type MasterPart, mastersOf } from './cluster/layout.ts';
import { splitAddress } from './cluster/ports.ts';
import { serverCertificate } from './cluster/certificates.ts';
import { type Cluster, storageDir } from './cluster/state.ts';
import type { PartContext } from './part.ts';

/** A master: a member of the store, and above it API server, scheduler and controllers. */
export function buildMaster(
  { context, cluster, log, ready }: PartContext,
  part: MasterPart,
): readonly Service[] {
  const { clock } = context;
  const rng = createRng(randomInt(2 ** 32));
  const masters = mastersOf(cluster.state.parts);
  const store = createStore({
    name: part.name,
    dataDir: storageDir(cluster, part.name),
    listenClientUrls: [part.client],
    listenPeerUrls: [part.peer],
    initialCluster: Object.fromEntries(masters.map((master) => [master.name, master.peer])),
    initialClusterToken: `quorate-${cluster.state.createdAt}`,
    clock,
    log,
    rng,
    onFatal: (error) => {
      log.error({ err: error }, 'the store has stopped itself: exiting');
      context.host.exit(exitCodes.crashed);
    },
  });
  let apiServer: ApiServer | undefined;
  const api = () => must(apiServer, 'the API server is started').api;
  // Leads of this process are not those of an earlier one of its name.
  const identity = `${part.name}_${randomUUID()}`;
  return [
    ready.after('store', store),
    ready.after(
      'apiserver',
      lazily(clock, () => {
        const { kv } = store;
        const { podCidr, serviceCidr } = cluster.state;
        const networks = { podCidr, serviceCidr };
        apiServer = createApiServer({
          kv,
          clock,
          log,
          rng,
          uuid: randomUUID,
          networks,
          listen: splitAddress(part.api),
          listenRest: restListen(cluster, part, clock),
        });
        return apiServer;
      }),
    ),
    lazily(clock, () => {
      const common = { api: api(), clock, log, identity, rng };
      const set = fromEnvironment(context.env);
      return together([
        createScheduler({ ...common, config: schedulerConfig(set) }),
        createControllerManager({ ...common, config: controllerManagerConfig(set) }),
      ]);
    }),
    ready.allAfter(Promise.resolve()),
  ];
}

async function restListen(cluster: Cluster, part: MasterPart, clock: Clock): Promise<RestListen> {
  return { ...splitAddress(part.rest), tls: await serverCertificate(cluster, part.name, clock) };
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
