import { QuorateError, type Rng } from '#shared/base';
import type { Timer } from '#shared/clock';
import {
  AddressPool,
  type ContainerConfig,
  type ContainerRuntime,
  type ContainerStatus,
  type PodSandbox,
  type PodSandboxConfig,
} from '#services/agent';
import type { Machine } from '../../world/machine.ts';
import { SimProcess } from '../../world/process.ts';
import type { Scheduler } from '../../world/scheduler.ts';

/** Told of what containers really do, whatever anybody says of them. */
export interface ContainerEvents {
  started(node: string, status: ContainerStatus): void;
  exited(node: string, status: ContainerStatus): void;
}

interface Container {
  status: ContainerStatus;
  readonly behaviour: Behaviour;
  /** By the world's clock, which does not jump. */
  startedMs: number;
  end: Timer | undefined;
  /** How often it was asked whether it is alive. */
  asked: number;
  /** Callers that wait for its end. */
  readonly waiting: (() => void)[];
}

/** What a simulated program does; see `command`. */
export interface Behaviour {
  /** It ends by itself after this long; absent: never. */
  readonly runMs?: number | undefined;
  readonly exitCode?: number | undefined;
  /** How long it takes to end after SIGTERM. */
  readonly termMs?: number | undefined;
  /** How it ends then; absent: by the signal. */
  readonly termCode?: number | undefined;
  /** Its readiness probe succeeds this long after its start. */
  readonly readyMs?: number | undefined;
  /** Until then it answers no probe. */
  readonly startMs?: number | undefined;
  /** Of so many questions whether it is alive, it misses the last. */
  readonly stumbles?: number | undefined;
  /** Its first attempts fail so long after their start. */
  readonly crashes?: Mishap | undefined;
  /** Its first attempts answer nothing more from then on. */
  readonly hangs?: Mishap | undefined;
}

interface Mishap {
  readonly times: number;
  readonly afterMs: number;
}

/** The command line of a container that behaves like this. */
export const command = (behaviour: Behaviour): string[] => ['sim', JSON.stringify(behaviour)];

export function behaviourOf([program, text = '{}']: readonly string[]): Behaviour {
  // As the pods run that empty volumes.
  if (program === 'rm') return { runMs: 100 };
  return program === 'sim' ? (JSON.parse(text) as Behaviour) : {};
}

const startError = 'the start was taken back';

/**
 * The containers of one machine: they outlive agents, and die with the power. `runtime` is how one
 * agent sees them.
 */
export class Containers {
  readonly #machine: Machine;
  readonly #scheduler: Scheduler;
  readonly #rng: Rng;
  readonly #events: ContainerEvents;
  readonly #sandboxes = new Map<string, PodSandbox>();
  readonly #containers = new Map<string, Container>();
  /** Where containers live: no agent. */
  #kernel = new SimProcess(0);
  #listener: ((podSandboxId: string) => void) | undefined;

  constructor(machine: Machine, scheduler: Scheduler, rng: Rng, events: ContainerEvents) {
    this.#machine = machine;
    this.#scheduler = scheduler;
    this.#rng = rng;
    this.#events = events;
  }

  /** Those that run now, by id. */
  running(): ContainerStatus[] {
    const all = [...this.#containers.values()].map(({ status }) => status);
    return all.filter(({ state }) => state === 'running');
  }

  /** By the uids of their pods. */
  get sandboxes(): string[] {
    return [...this.#sandboxes.keys()];
  }

  /** Nobody hears of their end any more. */
  agentGone(): void {
    this.#listener = undefined;
  }

  powerLoss(): void {
    this.agentGone();
    this.#kernel.kill();
    this.#kernel = new SimProcess(0);
    for (const container of this.#containers.values()) {
      container.waiting.length = 0;
      if (container.status.state === 'running') {
        this.#exit(container, 255, 'ContainerStatusUnknown');
      }
    }
  }

  runtime(agent: SimProcess): ContainerRuntime {
    let addresses: AddressPool | undefined;
    const allocate = (): string => {
      if (!addresses) throw new QuorateError('unavailable', 'the node has no pod CIDR yet');
      return addresses.allocate(new Set([...this.#sandboxes.values()].map(({ ip }) => ip)));
    };
    const answer = <T>(fn: () => T): Promise<T> => this.#do(agent, fn);
    const notHere = (): never => {
      throw new QuorateError('unimplemented', 'not simulated');
    };
    return {
      name: 'sim',
      updateRuntimeConfig: ({ podCidr }) => {
        addresses = new AddressPool(podCidr);
        const newest = [...this.#sandboxes.values()].sort((a, b) => b.createdAt - a.createdAt)[0];
        if (newest) addresses.continueAfter(newest.ip);
      },
      runPodSandbox: (config) => answer(() => this.#sandbox(config, allocate)),
      removePodSandbox: (id) => answer(() => this.#removeSandbox(id)),
      listPodSandboxes: () => answer(() => [...this.#sandboxes.values()]),
      createContainer: (id, config) => answer(() => this.#create(id, config)),
      startContainer: (id) => answer(() => this.#start(id)),
      stopContainer: (id, graceMs) => this.#stop(agent, id, graceMs),
      removeContainer: (id) => answer(() => void this.#containers.delete(id)),
      listContainers: (sandbox) => answer(() => this.#of(sandbox)),
      containerStatus: (id) => answer(() => this.#must(id).status),
      execSync: (id, [question]) => answer(() => this.#probe(id, question)),
      exec: notHere,
      attach: notHere,
      portForward: notHere,
      containerLog: notHere,
      listContainerStats: () => Promise.resolve([]),
      onContainerExit: (listener) => {
        this.#listener = (id) => this.#scheduler.soon(agent, () => listener(id));
      },
      close: () => Promise.resolve(),
    };
  }

  /** Takes effect a little later, agent or not; the agent gets to know then. */
  #do<T>(agent: SimProcess, fn: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const ms = 0.2 + this.#rng.next() * 4 * this.#machine.slowness;
      this.#scheduler.at(this.#kernel, this.#scheduler.now + ms, () => {
        try {
          const result = fn();
          this.#scheduler.soon(agent, () => resolve(result));
        } catch (thrown) {
          this.#scheduler.soon(agent, () => reject(QuorateError.from(thrown)));
        }
      });
    });
  }

  #sandbox(config: PodSandboxConfig, allocate: () => string): PodSandbox {
    const existing = this.#sandboxes.get(config.uid);
    if (existing) return existing;
    const ip = config.hostIp ?? allocate();
    const sandbox = { ...config, id: config.uid, ip, createdAt: this.#now() };
    this.#sandboxes.set(config.uid, sandbox);
    return sandbox;
  }

  #removeSandbox(id: string): void {
    this.#sandboxes.delete(id);
    for (const [key, { status }] of this.#containers) {
      if (status.podSandboxId === id) this.#containers.delete(key);
    }
  }

  #create(podSandboxId: string, config: ContainerConfig): string {
    const { name, attempt, image } = config;
    const id = `${podSandboxId}_${name}_${attempt}`;
    if (this.#containers.has(id)) return id;
    const status = { id, podSandboxId, name, attempt, image, createdAt: this.#now() };
    this.#containers.set(id, {
      status: { ...status, state: 'created' },
      behaviour: behaviourOf(config.command),
      startedMs: Infinity,
      end: undefined,
      asked: 0,
      waiting: [],
    });
    return id;
  }

  #start(id: string): void {
    const container = this.#must(id);
    if (container.status.state !== 'created') return;
    container.status = { ...container.status, state: 'running', startedAt: this.#now() };
    container.startedMs = this.#scheduler.now;
    this.#events.started(this.#machine.name, container.status);
    const { runMs, exitCode = 0, crashes } = container.behaviour;
    if (container.status.attempt < (crashes?.times ?? 0)) {
      this.#endIn(container, crashes?.afterMs ?? 0, 1);
    } else if (runMs !== undefined) this.#endIn(container, runMs, exitCode);
  }

  #endIn(container: Container, ms: number, exitCode: number, reason?: string): void {
    container.end?.cancel();
    container.end = this.#scheduler.at(this.#kernel, this.#scheduler.now + ms, () =>
      this.#exit(container, exitCode, reason ?? (exitCode === 0 ? 'Completed' : 'Error')),
    );
  }

  async #stop(agent: SimProcess, id: string, graceMs: number): Promise<void> {
    await this.#do(agent, () => {
      const container = this.#must(id);
      const { state } = container.status;
      if (state === 'created') this.#exit(container, 137, 'Error', startError);
      if (state !== 'running') return;
      const { termMs = 50, termCode = 143 } = container.behaviour;
      if (termMs < graceMs) this.#endIn(container, termMs, termCode);
      else this.#endIn(container, graceMs, 137);
    });
    const container = this.#containers.get(id);
    if (container?.status.state !== 'running') return;
    await new Promise<void>((resolve) => {
      container.waiting.push(() => this.#scheduler.soon(agent, resolve));
    });
  }

  #exit(container: Container, exitCode: number, reason: string, message?: string): void {
    container.end?.cancel();
    const before = container.status;
    container.status = {
      ...before,
      state: 'exited',
      exitCode,
      reason,
      startedAt: before.startedAt ?? before.createdAt,
      finishedAt: this.#now(),
      ...(message !== undefined && { message }),
    };
    if (before.state === 'running') this.#events.exited(this.#machine.name, container.status);
    for (const wake of container.waiting.splice(0)) wake();
    this.#listener?.(before.podSandboxId);
  }

  /** `ready`, `alive` or `started`? */
  #probe(id: string, question: string | undefined) {
    const container = this.#must(id);
    const { status, behaviour, startedMs } = container;
    const { readyMs = 0, startMs = 0, hangs, stumbles = Infinity } = behaviour;
    const age = this.#scheduler.now - startedMs;
    const hung = status.attempt < (hangs?.times ?? 0) && age >= (hangs?.afterMs ?? 0);
    const answers = status.state === 'running' && age >= startMs && !hung;
    const stumbled = question === 'alive' && ++container.asked % stumbles === 0;
    const ok = answers && !stumbled && (question !== 'ready' || age >= readyMs);
    return { exitCode: ok ? 0 : 1, output: ok ? '' : 'not yet', timedOut: false };
  }

  #of(podSandboxId: string): ContainerStatus[] {
    const all = [...this.#containers.values()].map(({ status }) => status);
    return all.filter((status) => status.podSandboxId === podSandboxId);
  }

  #must(id: string): Container {
    const container = this.#containers.get(id);
    if (!container) throw new QuorateError('not-found', `container "${id}" not found`);
    return container;
  }

  #now(): number {
    return this.#machine.time.clock(this.#kernel).now();
  }
}
