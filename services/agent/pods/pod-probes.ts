import type { Clock } from '#shared/clock';
import { Prober } from '../probes/prober.ts';
import type { ContainerRuntime, ContainerStatus, PodSandbox } from '../runtime/runtime.ts';
import type { PodEvents } from './pod-events.ts';
import { allContainers, type PodRecord } from './pod-record.ts';

export interface PodProbesOptions {
  readonly runtime: ContainerRuntime;
  readonly events: PodEvents;
  readonly clock: Clock;
  readonly changed: (uid: string) => void;
}

const titles = { startup: 'Startup', liveness: 'Liveness', readiness: 'Readiness' } as const;

/** Sees to it that exactly the running containers of a pod are probed. */
export class PodProbes {
  readonly #options: PodProbesOptions;

  constructor(options: PodProbesOptions) {
    this.#options = options;
  }

  sync(record: PodRecord, sandbox: PodSandbox, containers: readonly ContainerStatus[]): void {
    const running = new Map(
      containers.filter(({ state }) => state === 'running').map((status) => [status.id, status]),
    );
    for (const [id, prober] of record.probers) {
      if (running.has(id) && !record.stopping.has(id)) continue;
      prober.stop();
      if (!running.has(id)) record.probers.delete(id);
    }
    for (const [id, status] of running) {
      if (!record.probers.has(id)) this.#add(record, sandbox, status);
    }
  }

  stop(record: PodRecord): void {
    for (const prober of record.probers.values()) prober.stop();
  }

  #add(record: PodRecord, sandbox: PodSandbox, status: ContainerStatus): void {
    const container = allContainers(record.pod).find(({ name }) => name === status.name);
    if (!container) return;
    const { runtime, clock, events, changed } = this.#options;
    const target = { container, containerId: status.id, podIp: sandbox.ip, runtime, clock };
    // An agent before this one may have found it ready: it is, until a probe says otherwise.
    const { containerStatuses = [], initContainerStatuses = [] } = record.pod.status ?? {};
    const stored = [...containerStatuses, ...initContainerStatuses].find(
      ({ containerID }) => containerID === `${runtime.name}://${status.id}`,
    );
    const known = { ready: stored?.ready ?? false, started: stored?.started ?? false };
    const prober = new Prober(target, status.startedAt ?? clock.now(), known, {
      failed: (kind, output) =>
        events.warning(record.pod, 'Unhealthy', `${titles[kind]} probe failed: ${output}`),
      changed: () => changed(record.uid),
    });
    record.probers.set(status.id, prober);
  }
}
