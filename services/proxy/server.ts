import { type EndpointSlice, refs, type Service as ApiService } from '#shared/api';
import { type ApiClient, createInformer, type Informer } from '#shared/client';
import type { Clock, Timer } from '#shared/clock';
import type { Logger, Service } from '#shared/runtime';
import { ActiveLock } from './active.ts';
import { defaultProxyConfig, type ProxyConfig } from './config.ts';
import { ServicePort } from './service-port.ts';
import { serviceTable } from './service-table.ts';

export interface ProxyOptions {
  readonly api: Pick<ApiClient, 'list' | 'watch'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly nodeName: string;
  readonly config?: Partial<ProxyConfig>;
}

/**
 * Userspace proxy for Services' cluster addresses. `start` resolves at once: services open when the
 * API server has named them and this proxy is the machine's active one.
 */
export function createProxy(options: ProxyOptions): Service {
  return new ServiceProxy(options);
}

const byService = 'service';
const serviceNameLabel = 'kubernetes.io/service-name';

class ServiceProxy implements Service {
  readonly #options: ProxyOptions;
  readonly #config: ProxyConfig;
  readonly #log: Logger;
  readonly #services: Informer<ApiService>;
  readonly #slices: Informer<EndpointSlice>;
  readonly #lock: ActiveLock;
  /** By `address:port`. */
  readonly #ports = new Map<string, ServicePort>();
  #active = false;
  #synced = false;
  #stopped = false;
  #pending: Timer | undefined;

  constructor(options: ProxyOptions) {
    const { api, clock } = options;
    this.#options = options;
    this.#config = { ...defaultProxyConfig, ...options.config };
    this.#log = options.log.child({ component: 'proxy', node: options.nodeName });
    const changed = (): void => this.#changed();
    const handlers = { added: changed, updated: changed, deleted: changed };
    const log = this.#log;
    this.#services = createInformer<ApiService>(api, refs.services, { clock, log, handlers });
    this.#slices = createInformer<EndpointSlice>(api, refs.endpointSlices, {
      clock,
      log,
      handlers,
      indexers: {
        [byService]: ({ metadata = {} }) => [
          `${metadata.namespace}/${metadata.labels?.[serviceNameLabel] ?? ''}`,
        ],
      },
    });
    const { lockHost: host, lockPort: port } = this.#config;
    const onActive = (): void => {
      this.#active = true;
      this.#changed();
    };
    this.#lock = new ActiveLock({ host, port, clock, log, onActive });
  }

  start(): Promise<void> {
    this.#services.start();
    this.#slices.start();
    this.#lock.start();
    // Half of what there is would close ports and drain connections for nothing.
    void Promise.all([this.#services.synced, this.#slices.synced]).then(() => {
      this.#synced = true;
      this.#changed();
    });
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#pending?.cancel();
    // The next proxy needs the addresses: they are free before the lock is.
    for (const port of this.#ports.values()) port.close('cut');
    this.#lock.stop();
    await Promise.all([this.#services.stop(), this.#slices.stop()]);
  }

  /** Many changes in one turn are one update. */
  #changed(): void {
    if (!this.#active || !this.#synced || this.#stopped) return;
    this.#pending ??= this.#options.clock.soon(() => {
      this.#pending = undefined;
      this.#update();
    });
  }

  #update(): void {
    const table = serviceTable(this.#services.store.list(), ({ metadata = {} }) =>
      this.#slices.store.byIndex(byService, `${metadata.namespace}/${metadata.name}`),
    );
    for (const [address, port] of this.#ports) {
      if (table.has(address)) continue;
      port.close('drain');
      this.#ports.delete(address);
    }
    for (const [address, entry] of table) {
      const known = this.#ports.get(address);
      if (known) {
        known.update(entry);
        continue;
      }
      const { clock } = this.#options;
      const port = new ServicePort(entry, { clock, log: this.#log, config: this.#config });
      this.#ports.set(address, port);
      port.open();
    }
  }
}
