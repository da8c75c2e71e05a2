import type { Pod } from '#shared/api';
import type { Rng } from '#shared/base';
import type { ApiClient } from '#shared/client';
import type { Logger } from '#shared/runtime';
import { type AgentHost, createAgent } from '#services/agent';
import type { Machine } from '../../world/machine.ts';
import type { Asking } from '../checks/checks.ts';
import type { SimProcess } from '../../world/process.ts';
import type { Scheduler } from '../../world/scheduler.ts';
import { zoneKey } from '../users/extras.ts';
import { simApiClient } from './api.ts';
import { type ContainerEvents, Containers } from './containers.ts';
import type { Links } from './links.ts';
import { claimedVolumes, localStorage } from './volumes.ts';

export interface NodeWorld {
  readonly scheduler: Scheduler;
  readonly links: Links;
  readonly newProcess: () => SimProcess;
  readonly events: ContainerEvents;
  readonly logger: (who: string) => Logger;
  readonly bug: (who: string, thrown: unknown) => void;
  /** What an agent asks of the API and is answered, for the checkers. */
  readonly recorded: <T extends ApiClient>(asking: Asking, api: T) => T;
  /** There is a place for volumes. */
  readonly volumes: boolean;
  /** API servers, by the names of their machines. */
  readonly servers: () => readonly string[];
}

/** One worker: a machine with an agent, which comes and goes, and containers, which stay. */
export class SimNode {
  readonly name: string;
  readonly machine: Machine;
  readonly containers: Containers;
  readonly #world: NodeWorld;
  readonly #cpus: number;
  /** Manifests on its disk. */
  readonly #manifests = new Map<string, string>();
  #process: SimProcess | undefined;
  #gone = false;

  readonly #zone: string;

  constructor(machine: Machine, zone: string, cpus: number, rng: Rng, world: NodeWorld) {
    this.name = machine.name;
    this.#zone = zone;
    this.machine = machine;
    this.#cpus = cpus;
    this.#world = world;
    this.containers = new Containers(machine, world.scheduler, rng, world.events);
  }

  get process(): SimProcess | undefined {
    return this.#process;
  }

  /** For good. */
  get gone(): boolean {
    return this.#gone;
  }

  /** Pods of which there is something here, by uid. */
  get kept(): string[] {
    return [...this.containers.sandboxes, ...this.#manifests.keys()];
  }

  start(): void {
    if (this.#process || this.#gone) return;
    const { newProcess, links, logger, servers, recorded, bug } = this.#world;
    const process = newProcess();
    this.#process = process;
    const { name, machine } = this;
    const clock = machine.time.clock(process);
    const user = {
      name: `system:node:${name}`,
      groups: ['system:nodes', 'system:authenticated'],
    };
    const caller = { machine: name, process, user };
    const asking = { who: `agent ${name}`, process, elected: false };
    const api = recorded(asking, simApiClient(links, caller, servers(), clock));
    const agent = createAgent({
      api,
      nodeName: name,
      host: this.#host(process),
      clock,
      log: logger(name),
      config: {
        restartBackoffMaxMs: 10_000,
        restartBackoffResetMs: 8_000,
        labels: { [zoneKey]: this.#zone },
      },
    });
    agent.start().catch((thrown: unknown) => bug(name, thrown));
  }

  /** The agent dies; its containers do not notice. */
  killAgent(): void {
    this.#process?.kill();
    this.#process = undefined;
    this.containers.agentGone();
  }

  powerLoss(): void {
    this.killAgent();
    this.containers.powerLoss();
  }

  /** Nobody ever starts it again. */
  leave(): void {
    this.powerLoss();
    this.#gone = true;
  }

  #host(process: SimProcess): AgentHost {
    const later = <T>(fn: () => T): Promise<T> =>
      new Promise((resolve) => {
        const { scheduler } = this.#world;
        scheduler.at(process, scheduler.now + this.machine.slowness, () => resolve(fn()));
      });
    // Volumes are files: there are none here.
    const noVolumes = {
      setUp: () => later(() => ({ paths: new Map(), failures: [], refreshMs: undefined })),
      mounts: () => [],
      remove: () => later(() => undefined),
      removeOthers: () => later(() => undefined),
      close: () => Promise.resolve(),
    };
    return {
      machine: () =>
        Promise.resolve({
          architecture: 'amd64',
          operatingSystem: 'linux',
          osImage: 'simulated',
          kernelVersion: '0',
          bootId: this.name,
          machineId: this.name,
          cpus: this.#cpus,
          memoryKib: 8 << 20,
        }),
      openRuntime: () => Promise.resolve(this.containers.runtime(process)),
      checkpoints: () => ({
        load: () =>
          later(() => [...this.#manifests.values()].map((text) => JSON.parse(text) as Pod)),
        save: (pod) => {
          const text = JSON.stringify(pod);
          return later(() => void this.#manifests.set(pod.metadata?.uid ?? '', text));
        },
        remove: (uid) => later(() => void this.#manifests.delete(uid)),
      }),
      openVolumes: ({ objects }) => (this.#world.volumes ? claimedVolumes(objects) : noVolumes),
      localStorage: this.#world.volumes ? localStorage : undefined,
      openDoor: () => Promise.resolve({ port: 10_250, close: () => Promise.resolve() }),
      baseEnvironment: {},
    };
  }
}
