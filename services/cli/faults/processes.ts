import { basename, resolve } from 'node:path';
import { QuorateError } from '#shared/base';
import {
  createFaultClient,
  type Fault,
  type FaultClient,
  type FaultTarget,
  readEndpoint,
  type Route,
  type SetOptions,
} from '#shared/faults';
import { runningProcess, signalProcess } from '../cluster/processes.ts';
import { type Cluster, dataDir, partDir, requireCluster } from '../cluster/state.ts';
import { CommandError } from '../command-error.ts';
import type { Context } from '../context.ts';

export interface FaultTargetOptions {
  readonly dataDir?: string;
  readonly storeDir?: readonly string[];
}

/** A process of the cluster, or a member of a stand-alone store, whose faults can be set. */
interface Target extends FaultTarget {
  readonly dir: string;
}

/** The processes that a command is about, and their fault planes. */
export class FaultProcesses {
  readonly targets: readonly Target[];
  readonly #context: Context;
  readonly #cluster: Cluster | undefined;

  constructor(context: Context, options: FaultTargetOptions) {
    this.#context = context;
    if (options.storeDir) {
      this.targets = options.storeDir.map((given) => {
        const dir = resolve(context.cwd, given);
        return { name: nameOf(dir), role: 'master', dir };
      });
      return;
    }
    const cluster = requireCluster(dataDir(options.dataDir, context.env, context.cwd));
    if (!cluster.state.faults) {
      throw new CommandError('faults are not enabled in this cluster', {
        hint: 'Stop it with `quorate down`, and start it with `quorate up --enable-faults`.',
      });
    }
    this.#cluster = cluster;
    this.targets = cluster.state.parts.map(({ name, role }) => {
      return { name, role, dir: partDir(cluster, name) };
    });
  }

  /** Of these names; none: all of them. */
  named(names: readonly string[]): readonly Target[] {
    if (names.length === 0 || names.includes('*')) return this.targets;
    return names.map((name) => {
      const target = this.targets.find((candidate) => candidate.name === name);
      if (target) return target;
      throw new CommandError(`no process is named "${name}"`, {
        hint: `There are: ${this.targets.map((known) => known.name).join(', ')}`,
      });
    });
  }

  /** Sets all of them, or takes back what it has set and fails. */
  async set(routes: readonly Route[], options: SetOptions): Promise<[string, Fault][]> {
    const set: [string, Fault][] = [];
    try {
      for (const { process, spec } of routes) {
        const fault = await this.with(process, (client) => client.set(spec, options));
        set.push([process, fault]);
      }
      return set;
    } catch (thrown) {
      for (const [process, { id }] of set) {
        await this.with(process, (client) => client.heal(id)).catch(() => undefined);
      }
      throw thrown;
    }
  }

  async with<T>(name: string, use: (client: FaultClient) => Promise<T>): Promise<T> {
    const [target] = this.named([name]);
    let client: FaultClient | undefined;
    try {
      client = createFaultClient(readEndpoint(target?.dir ?? ''));
      return await use(client);
    } catch (thrown) {
      throw this.#explained(name, thrown);
    } finally {
      client?.close();
    }
  }

  /** Wakes a paused process, which hears nobody. */
  wake(name: string): void {
    const process = this.#cluster && runningProcess(this.#cluster, name);
    if (process) signalProcess(this.#context.host, process, 'SIGCONT');
  }

  #explained(name: string, thrown: unknown): unknown {
    if (QuorateError.is(thrown, 'bad-request', 'not-found'))
      return new CommandError(thrown.message);
    if (QuorateError.is(thrown, 'unavailable', 'deadline-exceeded', 'failed-precondition')) {
      const running = !this.#cluster || runningProcess(this.#cluster, name);
      return new CommandError(`${name} does not answer: ${thrown.message}`, {
        hint: running
          ? 'It may be paused (`quorate fault heal` wakes it), or was started without --enable-faults.'
          : `It is not running: quorate start ${name}`,
      });
    }
    return thrown;
  }
}

/** As the member calls itself; without one that can be broken, by its folder. */
function nameOf(dir: string): string {
  const folder = basename(dir).replace(/\.etcd$/, '');
  try {
    return readEndpoint(dir).name || folder;
  } catch {
    return folder;
  }
}
