import type { Rng } from '#shared/base';
import { refs, type Resource, resources } from '#shared/api';
import type { KvClient } from '#shared/client';
import type { Clock } from '#shared/clock';
import type { LeaseId } from '#shared/mvcc';
import type { Logger } from '#shared/runtime';
import { Elections } from './elections/elections.ts';
import { LeaseMirror } from './elections/lease-mirror.ts';
import { Nodes } from './nodes/nodes.ts';
import { AdmissionChain } from './admission/chain.ts';
import { type AdmissionOptions, defaultPlugins } from './admission/default-plugins.ts';
import { createSecurity, type Security, type SecurityOptions } from './auth/security.ts';
import { podCreators } from './pods/creators.ts';
import { RequestMetrics } from './metrics/request-metrics.ts';
import { componentStatuses } from './component-statuses.ts';
import { usageReaders } from './metrics/usage-readers.ts';
import { PodAccess, type PodAccessDeps } from './pods/pod-access.ts';
import { createAllocators, defaultNetworks, type Networks } from './registry/allocations.ts';
import { ExpiringLeases } from './registry/expiring.ts';
import { KindTable } from './registry/kinds.ts';
import { NamespaceGuards } from './registry/namespaces.ts';
import { ObjectStore } from './registry/object-store.ts';
import { Registry } from './registry/registry.ts';
import { Requests } from './requests/requests.ts';
import { WatchCache } from './watch/watch-cache.ts';

/** Where events are, of whichever kind they were written as. */
const eventPrefix = '/registry/events/';

/** How long an Event is kept, as Kubernetes keeps it. */
const eventTtlSeconds = 3600;

export interface CoreDeps {
  readonly kv: KvClient;
  readonly clock: Clock;
  readonly log: Logger;
  /** For generated names and Service addresses; not for secrets. */
  readonly rng: Rng;
  /** A new RFC 4122 UUID. */
  readonly uuid: () => string;
  /** Absent: 127.64.0.0/11 for pods, 127.96.0.0/16 for Services. */
  readonly networks?: Partial<Networks> | undefined;
  readonly connectAgent: PodAccessDeps['connectAgent'];
  readonly security?: SecurityOptions | undefined;
  readonly admission?: AdmissionOptions | undefined;
  readonly watchWindow?: number | undefined;
}

/** The API server without a transport: what each door serves. */
export interface Core {
  readonly kinds: KindTable;
  readonly registry: Registry;
  readonly watches: WatchCache;
  readonly mirror: LeaseMirror;
  readonly pods: PodAccess;
  readonly metrics: RequestMetrics;
  readonly security: Security;
  /** How every door and every client in process gets at all of this. */
  readonly requests: Requests;
  readonly clock: Clock;
}

export function createCore(deps: CoreDeps): Core {
  const { kv, clock, log, rng, uuid } = deps;
  const kinds = new KindTable(resources);
  const watches = new WatchCache({ kv, clock, log, window: deps.watchWindow });
  const decode: WatchCache['decode'] = (resource, value) => watches.decode(resource, value);
  const cached: WatchCache['cached'] = (resource, age) => watches.cached(resource, age);
  const objects = new ObjectStore({
    kv,
    namespaces: new NamespaceGuards(kv, kinds.builtin(refs.namespaces)),
    allocators: createAllocators(kv, rng, { ...defaultNetworks, ...deps.networks }),
    decode,
    peek: (resource, namespace, name) => watches.peek(resource, namespace, name),
    withLease: eventLeases(new ExpiringLeases(kv, clock, eventTtlSeconds)),
  });
  const registry = new Registry({ objects, lister: { kv, decode, cached }, clock, rng, uuid });
  const mirror = new LeaseMirror(registry, kinds, clock, log);
  const pods = new PodAccess({ registry, kinds, connectAgent: deps.connectAgent });
  const security = createSecurity(deps.security ?? {}, { registry, kinds, watches, clock, uuid });
  const elections = new Elections({ kv, clock, listener: mirror });
  const requests = new Requests({
    kinds,
    registry,
    watches,
    authorizer: security.authorizer,
    elections,
    nodes: new Nodes({ registry, watches, kinds, clock, uuid }),
    pods,
    rng,
    admission: new AdmissionChain(
      defaultPlugins(deps.admission ?? {}, { registry, kinds, watches, clock, rng, ...security }),
    ),
    creators: { ...podCreators(registry, kinds, clock), ...security.creators },
    readers: {
      ...usageReaders({ registry, kinds, pods, log }),
      '/componentstatuses': componentStatuses(kv, elections),
    },
  });
  const metrics = new RequestMetrics();
  return { kinds, registry, watches, mirror, pods, metrics, security, requests, clock };
}

function eventLeases(leases: ExpiringLeases) {
  return <T>(resource: Resource, write: (lease: LeaseId | undefined) => Promise<T>): Promise<T> => {
    return resource.storagePrefix === eventPrefix ? leases.with(write) : write(undefined);
  };
}
