import { randomInt } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { createRng, QuorateError } from '#shared/base';
import { systemClock } from '#shared/clock';
import { type EnabledFaults, enableFaults } from '#shared/faults';
import type { LabPlan, Launcher } from '#shared/lab';
import { createLogger, logDestination, type Service, startThread } from '#shared/runtime';
import { layOut, type Part, partsNamed, workersOf } from './cluster/layout.ts';
import { killPods, stopPods } from './cluster/pods.ts';
import { type Cluster, logFile, partDir, writeCluster } from './cluster/state.ts';
import { buildMaster } from './master.ts';
import type { Context } from './context.ts';
import type { PartContext } from './part.ts';
import { buildWorker } from './worker.ts';

const ender = { clock: systemClock, host: { kill: process.kill.bind(process) } };

/**
 * Runs a lab's masters and workers within the process that asks: the same parts as `quorate master`
 * and `quorate worker` are made of, on real ports and real files, without the time that processes take
 * to start. They share one event loop: what blocks one blocks all.
 */
export function inProcessLauncher({ dataDir, masters, workers, slot }: LabPlan): Launcher {
  const { portOffset, podCidr, serviceCidr, nodePortRange } = slot;
  const cluster: Cluster = {
    dir: dataDir,
    state: {
      version: 1,
      createdAt: new Date(systemClock.now()).toISOString(),
      podCidr,
      serviceCidr,
      nodePortRange,
      parts: layOut({ masters, workers, portOffset }),
      faults: true,
    },
  };
  const running = new Map<string, RunningPart>();
  const start = (names: readonly string[]): Promise<unknown> =>
    Promise.all(
      partsNamed(cluster.state.parts, names).map(async (part) => {
        if (running.has(part.name)) return;
        const started = new RunningPart(cluster, part, () => running.delete(part.name));
        running.set(part.name, started);
        await started.start();
      }),
    );
  const all = cluster.state.parts.map(({ name }) => name);
  const end = async (names: readonly string[], how: 'stop' | 'kill'): Promise<void> => {
    const workers = workersOf(partsNamed(cluster.state.parts, names));
    const ending = names.flatMap((name) => running.get(name) ?? []);
    for (const name of names) running.delete(name);
    await Promise.all(ending.map((part) => part[how]()));
    // Pods are processes of their own, and outlive their agent.
    if (how === 'kill') for (const { name } of workers) killPods(ender, cluster, name);
    else await Promise.all(workers.map(({ name }) => stopPods(ender, cluster, name)));
  };
  return {
    async up() {
      writeCluster(cluster);
      await Promise.all([makeCertificates(cluster), start(all)]);
    },
    start: async (names) => void (await start(names)),
    stop: (names) => end(names, 'stop'),
    kill: (names) => end(names, 'kill'),
    down: () => end(all, 'stop'),
  };
}

/** Beside the parts, which wait for them: with its library it is a sixth of a whole start. */
function makeCertificates(cluster: Cluster): Promise<void> {
  const thread = startThread(import.meta.url, 'certificates-thread', {
    workerData: { cluster, nowMs: systemClock.now() },
  });
  return new Promise((resolve, reject) => {
    thread.once('error', reject);
    thread.once('exit', () => resolve());
  });
}

/** The store can end as a crash ends it. */
type Mortal = Service & { crash?(): Promise<void> };

const stopTimeoutMs = 3000;

class RunningPart {
  readonly #cluster: Cluster;
  readonly #part: Part;
  readonly #died: () => void;
  readonly #faults: EnabledFaults;
  #started: Mortal[] = [];
  #starting: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(cluster: Cluster, part: Part, died: () => void) {
    this.#cluster = cluster;
    this.#part = part;
    this.#died = died;
    const dir = partDir(cluster, part.name);
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    const crash = (): void => {
      died();
      void this.kill();
    };
    this.#faults = enableFaults({
      name: part.name,
      dir,
      clock: systemClock,
      rng: createRng(randomInt(2 ** 32)),
      own: { pid: 0, kill: crash, exit: crash },
      shared: true,
    });
  }

  async start(): Promise<void> {
    const registered: Promise<unknown>[] = [];
    this.#starting = this.#start(registered);
    await this.#starting;
    await Promise.all(registered);
  }

  async #start(registered: Promise<unknown>[]): Promise<void> {
    const part: PartContext = {
      context: this.#context(),
      cluster: this.#cluster,
      log: createLogger(
        { level: 'info', component: this.#part.name },
        logDestination([logFile(this.#cluster, this.#part.name)]),
      ),
      ready: {
        after: (_step, service) => service,
        allAfter: (fact) => {
          registered.push(fact);
          return { start: () => Promise.resolve(), stop: () => Promise.resolve() };
        },
      },
      faults: this.#faults,
    };
    const services =
      this.#part.role === 'master'
        ? await buildMaster(part, this.#part)
        : await buildWorker(part, this.#part);
    for (const service of [this.#faults.service, ...services]) {
      if (this.#ended) return;
      this.#started.push(service);
      await service.start();
      if (this.#ended) await service.stop();
    }
  }

  /** Nothing of it writes a file after this, not even of a start that is under way. */
  async stop(): Promise<void> {
    this.#ended = true;
    const started = this.#started.splice(0);
    const atMost = async (ending: Promise<unknown>): Promise<void> => {
      const ended = new AbortController();
      const limit = systemClock.sleep(stopTimeoutMs, ended.signal);
      await Promise.race([ending, limit]).catch(() => undefined);
      // Or it would hold up the end of the whole process.
      limit.catch(() => undefined);
      ended.abort();
    };
    for (const service of started.toReversed()) await atMost(service.stop());
    await atMost(this.#starting);
  }

  /** Nobody hears of it any more from this moment on, and nothing more is saved. */
  async kill(): Promise<void> {
    const crashes = this.#started.map(async (service) => service.crash?.());
    this.#faults.closeGates();
    await Promise.all(crashes);
    await this.stop();
  }

  #context(): Context {
    const silent = {
      isTty: false,
      columns: 80,
      write: () => undefined,
      writeBytes: () => undefined,
      style: (_format: unknown, text: string) => text,
    };
    return {
      out: silent,
      err: silent,
      env: process.env,
      clock: this.#faults.clock,
      cwd: process.cwd(),
      stdinIsTty: false,
      terminal: process,
      readStdin: () => Promise.reject(new QuorateError('internal', 'nobody types here')),
      onInterrupt: () => undefined,
      setExitCode: () => undefined,
      startAnew: () => undefined,
      host: {
        on: () => undefined,
        // A part that stops itself must not take the others along.
        exit: () => {
          this.#died();
          void this.stop();
        },
        kill: () => true,
      },
      pid: process.pid,
      execPath: process.execPath,
      program: process.argv[1] ?? '',
    };
  }
}
