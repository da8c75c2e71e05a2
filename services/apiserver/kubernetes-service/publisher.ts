import {
  type EndpointSlice,
  equalJson,
  type KubeObject,
  prepareUpdate,
  refs,
  type ResourceRef,
  type Service,
} from '#shared/api';
import { QuorateError } from '#shared/base';
import type { KvClient } from '#shared/client';
import type { Clock } from '#shared/clock';
import type { LeaseId } from '#shared/mvcc';
import type { Logger } from '#shared/runtime';
import { prefixEnd } from '../registry/keys.ts';
import type { KindTable } from '../registry/kinds.ts';
import type { Registry } from '../registry/registry.ts';
import { endpointsOf, namespace, serviceName, slicesOf } from './endpoints.ts';

/** What pods call the API by. */
export interface KubernetesService {
  /** Where this server is reached: `address:port`. */
  readonly advertise: string;
  /** The Service's own address, the first of its network, and port. */
  readonly clusterIp: string;
  readonly port: number;
}

export interface PublisherDeps {
  readonly kv: KvClient;
  readonly registry: Registry;
  readonly kinds: KindTable;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Kubernetes' own place for who serves. */
const prefix = '/registry/masterleases/';
/** A server that has said nothing for this long is not sent anybody any more. */
const ttlSeconds = 15;
const periodMs = 5_000;

/**
 * Keeps the Service `kubernetes` in `default`, by which pods reach the API: each server says with a key
 * on a lease that it is there, and each writes down as endpoints who else does.
 */
export class KubernetesServicePublisher {
  readonly #deps: PublisherDeps;
  readonly #service: KubernetesService;
  #lease: LeaseId | undefined;

  constructor(deps: PublisherDeps, service: KubernetesService) {
    this.#deps = deps;
    this.#service = service;
  }

  /** Until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#deps;
    while (!signal.aborted) {
      try {
        await this.#ensureService();
        await this.#beThere();
        await this.#publish();
      } catch (thrown) {
        const error = QuorateError.from(thrown).message;
        log.debug({ error }, 'the Service kubernetes is not up to date yet');
      }
      await clock.sleep(periodMs, signal).catch(() => undefined);
    }
  }

  /** Says that this server goes; the others stop sending to it. */
  async leave(): Promise<void> {
    if (this.#lease === undefined) return;
    await this.#deps.kv.leaseRevoke(this.#lease);
    await this.#publish();
  }

  async #ensureService(): Promise<void> {
    const { clusterIp, port } = this.#service;
    const ports = [{ name: 'https', port, protocol: 'TCP', targetPort: 6443 }];
    const wanted: Service = {
      metadata: {
        name: serviceName,
        namespace,
        labels: { component: 'apiserver', provider: serviceName },
      },
      spec: { type: 'ClusterIP', clusterIP: clusterIp, ports },
    };
    await this.#write(refs.services, wanted, (there: Service) =>
      there.spec?.ports?.[0]?.port === port ? there : { ...there, spec: { ...there.spec, ports } },
    );
  }

  async #beThere(): Promise<void> {
    const { kv } = this.#deps;
    if (this.#lease !== undefined && (await kv.leaseKeepAlive(this.#lease)) > 0) return;
    const { id } = await kv.leaseGrant({ ttlSeconds });
    const key = `${prefix}${this.#service.advertise}`;
    const value = new TextEncoder().encode('{}');
    await kv.put({ key, value, lease: id });
    this.#lease = id;
  }

  async #publish(): Promise<void> {
    const { kv, registry, kinds } = this.#deps;
    const { kvs } = await kv.range({ key: prefix, rangeEnd: prefixEnd(prefix), keysOnly: true });
    const addresses = kvs.map(({ key }) => key.slice(prefix.length));
    const slices = slicesOf(addresses);
    for (const slice of slices) {
      await this.#write(refs.endpointSlices, slice, (there: EndpointSlice) => ({
        ...there,
        endpoints: slice.endpoints,
        ports: slice.ports ?? [],
      }));
    }
    const endpoints = endpointsOf(addresses);
    await this.#write(refs.endpoints, endpoints, (there) => ({
      ...there,
      subsets: endpoints.subsets,
    }));
    const resource = kinds.builtin(refs.endpointSlices);
    const labelSelector = `kubernetes.io/service-name=${serviceName}`;
    const { items } = await registry.list(resource, { namespace, labelSelector });
    const names = new Set(slices.map(({ metadata }) => metadata?.name));
    for (const { metadata: { name = '' } = {} } of items) {
      if (!names.has(name)) await registry.delete(resource, name, { namespace }).catch(ignoreGone);
    }
  }

  /** Creates it, or makes it what `mend` says; nothing is written where that is what it is. */
  async #write<T extends KubeObject>(
    ref: ResourceRef,
    wanted: T,
    mend: (there: T) => KubeObject,
  ): Promise<void> {
    const { registry, kinds } = this.#deps;
    const resource = kinds.builtin(ref);
    const name = wanted.metadata?.name ?? '';
    try {
      const there = (await registry.get(resource, name, namespace)) as T;
      if (equalJson(mend(there), there)) return;
      await registry.change(resource, namespace, name, (current) =>
        prepareUpdate(resource, mend(current as T), current),
      );
    } catch (thrown) {
      if (!QuorateError.is(thrown, 'not-found')) throw thrown;
      await registry.create(resource, wanted, { namespace });
    }
  }
}

function ignoreGone(thrown: unknown): void {
  if (!QuorateError.is(thrown, 'not-found')) throw thrown;
}
