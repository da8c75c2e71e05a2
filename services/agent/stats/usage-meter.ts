import { readFile } from 'node:fs/promises';
import type { NodeUsage, Usage } from '#shared/client';
import type { Clock, Timer } from '#shared/clock';
import type { Logger } from '#shared/runtime';
import type { ContainerRuntime, ContainerStats } from '../runtime/runtime.ts';

/** As often as Kubernetes' metrics server looks. */
const sampleMs = 15_000;
/** CPU over less than this is noise. */
const windowMsMin = 1_000;

interface Sample {
  readonly monotonicMs: number;
  readonly node: { readonly cpuNanos: number; readonly memoryBytes: number };
  readonly containers: ReadonlyMap<string, ContainerStats>;
}

/** What the machine and its containers use: counters now, compared with those of a while ago. */
export class UsageMeter {
  readonly #runtime: ContainerRuntime;
  readonly #clock: Clock;
  readonly #timer: Timer;
  /** The latest ones, the oldest first. */
  #samples: Sample[] = [];

  constructor(runtime: ContainerRuntime, clock: Clock, log: Logger) {
    this.#runtime = runtime;
    this.#clock = clock;
    const sample = (): void => {
      this.#sample().catch((error: unknown) => log.debug({ err: error }, 'cannot measure usage'));
    };
    this.#timer = clock.every(sampleMs, sample);
    sample();
  }

  async usage(): Promise<NodeUsage> {
    const now = await this.#sample();
    const before = this.#samples.findLast(
      (sample) => now.monotonicMs - sample.monotonicMs >= windowMsMin,
    );
    const timeMs = this.#clock.now();
    const since = (
      startMs: number,
      cpuNanos: number,
      earlier: number | undefined,
      memoryBytes: number,
    ): Usage => {
      const windowMs =
        earlier !== undefined && before ? now.monotonicMs - before.monotonicMs : startMs;
      const nanos = Math.max(0, cpuNanos - (earlier ?? 0));
      const cpuNanocores = Math.round((nanos / Math.max(1, windowMs)) * 1000);
      return { timeMs, windowMs: Math.round(windowMs), cpuNanocores, memoryBytes };
    };
    const { node } = now;
    return {
      node: since(
        now.monotonicMs,
        node.cpuNanos,
        before?.node.cpuNanos ?? node.cpuNanos,
        node.memoryBytes,
      ),
      containers: [...now.containers.values()].map((container) => ({
        podUid: container.podSandboxId,
        container: container.name,
        // Of one that is younger than the last look: since it began.
        usage: since(
          timeMs - container.startedAt,
          container.cpuNanos,
          before?.containers.get(container.id)?.cpuNanos,
          container.memoryBytes,
        ),
      })),
    };
  }

  stop(): void {
    this.#timer.cancel();
  }

  async #sample(): Promise<Sample> {
    const [node, containers] = await Promise.all([
      machineUsage(),
      this.#runtime.listContainerStats(),
    ]);
    const sample = {
      monotonicMs: this.#clock.monotonic(),
      node,
      containers: new Map(containers.map((stats) => [stats.id, stats])),
    };
    // The one before the last is old enough for whoever asks right after the last.
    this.#samples = [...this.#samples.slice(-2), sample];
    return sample;
  }
}

/** As the kernel has it for the machine. */
async function machineUsage(): Promise<Sample['node']> {
  const [stat, meminfo] = await Promise.all([
    readFile('/proc/stat', 'utf8'),
    readFile('/proc/meminfo', 'utf8'),
  ]);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (stat.split('\n')[0] ?? '')
    .split(/\s+/)
    .slice(1)
    .map(Number);
  const kib = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(meminfo)?.[1] ?? 0);
  return {
    cpuNanos: (user + nice + system + irq + softirq) * 10_000_000,
    memoryBytes: (kib('MemTotal') - kib('MemAvailable')) * 1024,
  };
}
