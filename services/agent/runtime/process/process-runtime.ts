import { mkdir, rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { must, QuorateError } from '#shared/base';
import type { CommandOptions, ExecOptions, RunningCommand } from '#shared/client';
import type { Clock, Timer } from '#shared/clock';
import type { Logger } from '#shared/runtime';
import type { LogLimits } from '../logs/log-file.ts';
import { readLog } from '../logs/read-log.ts';
import type {
  ContainerConfig,
  ContainerLogOptions,
  ContainerRuntime,
  ContainerStats,
  ContainerStatus,
  ExecResult,
  PodSandbox,
  PodSandboxConfig,
  RuntimeConfig,
} from '../runtime.ts';
import { AddressPool } from './address-pool.ts';
import {
  ContainerDir,
  containerId,
  listContainerKeys,
  parseContainerId,
  readOptional,
  subfolders,
  writeAtomically,
} from './container-dir.ts';
import { endExecs, execMark, execsOf, noteExec } from './exec-mark.ts';
import { execSync } from './exec-sync.ts';
import { ProcessSnapshot } from './group-usage.ts';
import { launch } from './launch.ts';
import { readBootId, signalProcess } from './process-table.ts';
import { Stops } from './stops.ts';
import { attach } from './streams/attach.ts';
import { endInput, openInput, resizeTerminal } from './streams/console.ts';
import { exec } from './streams/exec.ts';
import { ContainerRoot, type MountSupport } from './mounts/container-root.ts';
import { findMountSupport } from './mounts/mount-support.ts';
import { connectTo } from './streams/port.ts';
import { WatchedLogs } from './watched-logs.ts';

export interface ProcessRuntimeOptions {
  /** Where the pods' folders are; nobody else writes there. */
  readonly podsDir: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly logLimits: LogLimits;
  /** How often logs are measured. */
  readonly logCheckMs: number;
  /** How often containers that an earlier agent started are looked at (kubelet's relist: 1 s). */
  readonly relistMs: number;
  /** `off`: containers find their mounts below $QUORATE_ROOT, as where none can be made. */
  readonly mounts: 'auto' | 'off';
}

/** Containers as plain processes: no root, no engine, no isolation. */
export async function createProcessRuntime(
  options: ProcessRuntimeOptions,
): Promise<ContainerRuntime> {
  await mkdir(options.podsDir, { recursive: true, mode: 0o700 });
  const support = options.mounts === 'off' ? 'none' : await findMountSupport(options.podsDir);
  const runtime = new ProcessRuntime(options, await readBootId(), support);
  await runtime.adopt();
  return runtime;
}

class ProcessRuntime implements ContainerRuntime {
  readonly name = 'process';
  readonly #options: ProcessRuntimeOptions;
  readonly #bootId: string;
  readonly #mountSupport: MountSupport;
  readonly #sandboxes = new Map<string, PodSandbox>();
  readonly #logs: WatchedLogs;
  /** Containers whose input somebody is attached to, or was. */
  readonly #attached = new Set<string>();
  readonly #listeners: ((podSandboxId: string) => void)[] = [];
  /** Their end is looked for too: of those an earlier agent started, nobody tells us. */
  readonly #running = new Set<string>();
  readonly #stops: Stops;
  readonly #timers: Timer[];
  #addresses: AddressPool | undefined;

  constructor(options: ProcessRuntimeOptions, bootId: string, mountSupport: MountSupport) {
    this.#options = options;
    this.#bootId = bootId;
    this.#mountSupport = mountSupport;
    this.#stops = new Stops(options.clock, (id, signal) => this.#signal(id, signal));
    this.#logs = new WatchedLogs(options.clock, options.log);
    this.#timers = [
      options.clock.every(options.logCheckMs, () => this.#logs.rotate(options.logLimits)),
      options.clock.every(options.relistMs, () => {
        for (const id of this.#running) void this.#checkEnd(id);
      }),
    ];
  }

  /** Takes up the sandboxes on disk and every container in them that still runs. */
  async adopt(): Promise<void> {
    for (const uid of await subfolders(this.#options.podsDir)) {
      const text = await readOptional(join(this.#options.podsDir, uid, 'sandbox.json'));
      // The agent died before the sandbox was complete, or while it was being removed.
      if (text === undefined) {
        await rm(join(this.#options.podsDir, uid), { recursive: true, force: true });
        continue;
      }
      this.#sandboxes.set(uid, JSON.parse(text) as PodSandbox);
      for (const { id, state } of await this.listContainers(uid)) {
        const dir = this.#dir(id);
        if (state === 'exited') await endExecs(dir.path, id);
        if (state !== 'running') continue;
        this.#running.add(id);
        this.#logs.watch(dir.logPath);
      }
    }
  }

  updateRuntimeConfig({ podCidr }: RuntimeConfig): void {
    this.#addresses = new AddressPool(podCidr);
    const newest = [...this.#sandboxes.values()].sort((a, b) => b.createdAt - a.createdAt)[0];
    if (newest) this.#addresses.continueAfter(newest.ip);
  }

  async runPodSandbox(config: PodSandboxConfig): Promise<PodSandbox> {
    const existing = this.#sandboxes.get(config.uid);
    if (existing) return existing;
    if (!/^[A-Za-z0-9-]+$/.test(config.uid)) {
      throw new QuorateError('invalid', `pod uid "${config.uid}" is not usable as a folder name`);
    }
    const ip = config.hostIp ?? this.#allocate();
    const sandbox = { ...config, id: config.uid, ip, createdAt: this.#options.clock.now() };
    // Before the first await, so that the address is taken.
    this.#sandboxes.set(config.uid, sandbox);
    const folder = join(this.#options.podsDir, config.uid);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeAtomically(join(folder, 'sandbox.json'), JSON.stringify(sandbox));
    return sandbox;
  }

  #allocate(): string {
    if (!this.#addresses) {
      throw new QuorateError('unavailable', 'the node has no pod CIDR yet: it is not registered');
    }
    return this.#addresses.allocate(new Set([...this.#sandboxes.values()].map(({ ip }) => ip)));
  }

  async removePodSandbox(podSandboxId: string): Promise<void> {
    const folder = join(this.#options.podsDir, podSandboxId);
    // First: half a folder without this file is swept away by the next agent.
    await rm(join(folder, 'sandbox.json'), { force: true });
    await rm(folder, { recursive: true, force: true });
    this.#logs.forgetIn(folder);
    this.#sandboxes.delete(podSandboxId);
  }

  listPodSandboxes(): Promise<readonly PodSandbox[]> {
    return Promise.resolve([...this.#sandboxes.values()]);
  }

  async createContainer(podSandboxId: string, config: ContainerConfig): Promise<string> {
    must(config.command[0], 'a container has a command');
    const key = { podSandboxId, name: config.name, attempt: config.attempt };
    const dir = new ContainerDir(this.#options.podsDir, key);
    const root = this.#root(dir, config);
    // First: what has a configuration can be started.
    root.prepare();
    const env = { ...config.env, ...root.environment };
    await dir.create({ ...config, env, createdAt: this.#options.clock.now() });
    return containerId(key);
  }

  async startContainer(id: string): Promise<void> {
    const dir = this.#dir(id);
    this.#running.add(id);
    const config = await dir.config();
    const root = this.#root(dir, config);
    await mkdir(this.#workDir(dir), { recursive: true, mode: 0o700 });
    const cwd = this.#cwd(dir, config, root);
    await launch(dir, config, cwd, root, () => void this.#checkEnd(id));
    this.#logs.watch(dir.logPath);
  }

  async stopContainer(id: string, graceMs: number): Promise<void> {
    const status = await this.containerStatus(id);
    if (status.state === 'exited') return;
    if (status.state === 'created') {
      const failure = { exitCode: 137, reason: 'Error', message: 'stopped before it was started' };
      if (await this.#dir(id).revokeStart(failure)) return;
    }
    this.#running.add(id);
    await this.#stops.stop(id, graceMs);
  }

  async removeContainer(id: string): Promise<void> {
    const dir = this.#dir(id);
    const { state } = await dir.status(this.#bootId);
    if (state === 'running') {
      throw new QuorateError('failed-precondition', `container "${id}" is running`);
    }
    this.#logs.forgetIn(dir.path);
    await rm(dir.path, { recursive: true, force: true });
  }

  async listContainers(podSandboxId: string): Promise<readonly ContainerStatus[]> {
    const statuses: ContainerStatus[] = [];
    for (const key of await listContainerKeys(this.#options.podsDir, podSandboxId)) {
      const dir = new ContainerDir(this.#options.podsDir, key);
      try {
        statuses.push(await dir.status(this.#bootId));
      } catch (thrown) {
        // Half created by an agent that died: the attempt is made anew.
        if (!QuorateError.is(thrown, 'not-found')) throw thrown;
      }
    }
    return statuses;
  }

  containerStatus(id: string): Promise<ContainerStatus> {
    return this.#dir(id).status(this.#bootId);
  }

  async execSync(id: string, command: readonly string[], timeoutMs: number): Promise<ExecResult> {
    const dir = this.#dir(id);
    const config = await dir.config();
    const root = this.#root(dir, config);
    const place = { command, cwd: this.#cwd(dir, config, root), env: config.env };
    return await execSync(root.enter(place), timeoutMs, this.#options.clock);
  }

  async exec(id: string, options: ExecOptions): Promise<RunningCommand> {
    const dir = this.#dir(id);
    const config = await dir.config();
    await noteExec(dir.path);
    const env = { ...config.env, ...execMark(id) };
    const root = this.#root(dir, config);
    const place = { command: options.command, cwd: this.#cwd(dir, config, root), env };
    return await exec(place, root, options, this.#options.clock);
  }

  async attach(id: string, options: CommandOptions): Promise<RunningCommand> {
    const dir = this.#dir(id);
    const { stdin = false, stdinOnce = false, tty = false } = await dir.config();
    const record = await dir.startRecord();
    const group = record?.shim.pid ?? 0;
    // Made for one client: it sees all there is, also what came before it did.
    const fromStart = stdinOnce && !this.#attached.has(id);
    if (options.stdin) this.#attached.add(id);
    return await attach(
      {
        follow: (signal) =>
          this.containerLog(id, { follow: true, signal, ...(!fromStart && { tailLines: 0 }) }),
        openInput: () => (stdin ? openInput(dir.path) : Promise.resolve(undefined)),
        inputLeft: () => {
          if (stdinOnce) void endInput(dir.path, group);
        },
        resize: async (size) => {
          if (tty && record) await resizeTerminal(dir.path, record.command.pid, size);
        },
      },
      options,
    );
  }

  async portForward(podSandboxId: string, port: number): Promise<Socket> {
    const sandbox = this.#sandboxes.get(podSandboxId);
    if (!sandbox) throw new QuorateError('not-found', `sandbox "${podSandboxId}" not found`);
    return await connectTo(sandbox.ip, port);
  }

  containerLog(id: string, options: ContainerLogOptions): AsyncIterable<Uint8Array> {
    const isLive = async (): Promise<boolean> =>
      (await this.containerStatus(id)).state !== 'exited';
    return readLog(this.#logs.get(this.#dir(id).logPath), options, isLive, this.#options.clock);
  }

  async listContainerStats(): Promise<readonly ContainerStats[]> {
    if (this.#running.size === 0) return [];
    const snapshot = await ProcessSnapshot.take();
    const all = await Promise.all(
      [...this.#running].map(async (id): Promise<ContainerStats | undefined> => {
        const dir = this.#dir(id);
        // Undefined: removed meanwhile.
        const status = await dir.status(this.#bootId).catch(() => undefined);
        const record = await dir.startRecord();
        if (status?.state !== 'running' || !record) return undefined;
        const { startedAt = 0 } = status;
        const { podSandboxId, name } = dir.key;
        const usage = snapshot.usage(record.shim.pid, await execsOf(dir.path, id));
        return { id, podSandboxId, name, startedAt, ...usage };
      }),
    );
    return all.filter((stats) => stats !== undefined);
  }

  onContainerExit(listener: (podSandboxId: string) => void): void {
    this.#listeners.push(listener);
  }

  close(): Promise<void> {
    for (const timer of this.#timers) timer.cancel();
    this.#logs.close();
    this.#stops.close();
    this.#listeners.length = 0;
    return Promise.resolve();
  }

  #dir(id: string): ContainerDir {
    return new ContainerDir(this.#options.podsDir, parseContainerId(id));
  }

  #root({ path }: ContainerDir, { mounts, hostname }: ContainerConfig): ContainerRoot {
    return new ContainerRoot(this.#mountSupport, path, mounts, hostname);
  }

  /** The pod's own folder where the manifest names none, unless a mount hides that. */
  #cwd(dir: ContainerDir, { workingDir }: ContainerConfig, root: ContainerRoot): string {
    const work = this.#workDir(dir);
    return workingDir ?? (root.locate(work) === work ? work : '/');
  }

  #workDir({ key }: ContainerDir): string {
    return join(this.#options.podsDir, key.podSandboxId, 'work');
  }

  async #signal(id: string, signal: NodeJS.Signals): Promise<void> {
    const record = await this.#dir(id).startRecord();
    if (record?.bootId === this.#bootId) await signalProcess(record.command, signal);
  }

  /** A shim's end need not be its container's: it may have come second to start it. */
  async #checkEnd(id: string): Promise<void> {
    try {
      if ((await this.containerStatus(id)).state !== 'exited') return;
    } catch (thrown) {
      if (!QuorateError.is(thrown, 'not-found')) {
        this.#options.log.warn({ err: thrown, container: id }, 'cannot read a container');
        return;
      }
    }
    if (!this.#running.delete(id)) return;
    this.#attached.delete(id);
    const { path, logPath } = this.#dir(id);
    this.#logs.settle(logPath);
    await endExecs(path, id);
    this.#stops.exited(id);
    for (const listener of this.#listeners) listener(parseContainerId(id).podSandboxId);
  }
}
