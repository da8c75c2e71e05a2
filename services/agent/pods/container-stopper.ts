import type { Container } from '#shared/api';
import type { Clock } from '#shared/clock';
import type { Logger } from '#shared/runtime';
import { check } from '../probes/check.ts';
import type { ContainerRuntime, ContainerStatus } from '../runtime/runtime.ts';
import type { PodEvents } from './pod-events.ts';
import type { PodRecord } from './pod-record.ts';

export interface StopperOptions {
  readonly runtime: ContainerRuntime;
  readonly events: PodEvents;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Stops containers gracefully: preStop hook, SIGTERM, and SIGKILL when the grace period is over. */
export class ContainerStopper {
  readonly #options: StopperOptions;

  constructor(options: StopperOptions) {
    this.#options = options;
  }

  /** Returns at once; the runtime tells of the end. A later call can only make it come sooner. */
  stop(
    record: PodRecord,
    container: Container,
    status: ContainerStatus,
    { graceMs, message }: { graceMs: number; message: string },
  ): void {
    const { clock, events, log, runtime } = this.#options;
    const endAt = clock.monotonic() + graceMs;
    const earlier = record.stopping.get(status.id);
    if (earlier !== undefined && endAt >= earlier) return;
    record.stopping.set(status.id, endAt);
    let stopped: Promise<void>;
    if (earlier === undefined) {
      events.normal(record.pod, 'Killing', message);
      stopped = this.#gracefully(record, container, status, graceMs);
    } else {
      stopped = runtime.stopContainer(status.id, graceMs);
    }
    stopped.catch((error: unknown) => {
      record.stopping.delete(status.id);
      log.warn({ err: error, container: status.id }, 'cannot stop a container');
    });
  }

  async #gracefully(
    record: PodRecord,
    container: Container,
    { id }: ContainerStatus,
    graceMs: number,
  ): Promise<void> {
    const { runtime, clock, events } = this.#options;
    const startedAt = clock.monotonic();
    const hook = container.lifecycle?.preStop;
    if (hook && graceMs > 0) {
      const podIp = record.status?.podIP ?? '';
      const sleepMs = (hook.sleep?.seconds ?? 0) * 1000;
      if (sleepMs > 0) await clock.sleep(Math.min(sleepMs, graceMs));
      else {
        const target = { container, containerId: id, podIp, runtime, clock };
        const { ok, output } = await check(hook, target, graceMs);
        if (!ok) events.warning(record.pod, 'FailedPreStopHook', `PreStopHook failed: ${output}`);
      }
    }
    // The hook's time counts, but SIGTERM always gets two seconds, as from kubelet.
    const left = graceMs - (clock.monotonic() - startedAt);
    await runtime.stopContainer(id, hook ? Math.max(2_000, left) : left);
  }
}
