import type { Container, Pod, Service } from '#shared/api';
import { QuorateError } from '#shared/base';
import {
  type ApiClient,
  createWorkQueue,
  type EventRecorder,
  timestamp,
  type WorkQueue,
} from '#shared/client';
import type { Clock } from '#shared/clock';
import type { Logger } from '#shared/runtime';
import type { ContainerRuntime, ContainerStatus, PodSandbox } from '../runtime/runtime.ts';
import type { SetUp, Volumes } from '../volumes/volumes.ts';
import type { Checkpoints } from './checkpoints.ts';
import { ContainerStarter } from './container-starter.ts';
import { ContainerStopper } from './container-stopper.ts';
import { takeNewer } from './newer.ts';
import { planPod, podTitle } from './plan.ts';
import { PodEvents } from './pod-events.ts';
import { PodProbes } from './pod-probes.ts';
import {
  allContainers,
  graceMs,
  mayStart,
  newestAttempts,
  newPodRecord,
  type PodRecord,
} from './pod-record.ts';
import { PodSandboxes } from './pod-sandboxes.ts';
import { finalPhase, podStatus } from './pod-status.ts';
import { viewOf } from './pod-view.ts';
import type { BackoffLimits } from './restart-backoff.ts';
import { StatusWriter } from './status-writer.ts';

export interface PodManagerOptions {
  readonly api: Pick<ApiClient, 'get' | 'patch' | 'delete'>;
  readonly runtime: ContainerRuntime;
  readonly volumes: Volumes;
  readonly checkpoints: Pick<Checkpoints, 'load' | 'save' | 'remove'>;
  readonly recorder: EventRecorder;
  readonly clock: Clock;
  readonly log: Logger;
  readonly nodeName: string;
  readonly hostIp: string;
  /** What the node offers to pods. */
  readonly allocatable: () => Promise<Readonly<Record<string, string>>>;
  readonly baseEnvironment: Readonly<Record<string, string>>;
  readonly services: () => Promise<readonly Service[]>;
  readonly backoff: BackoffLimits;
}

/** A container that lacks something, such as its ConfigMap, is tried again after this long. */
const blockedRetryMs = 2_000;
/** How long a former agent's pods wait to be heard of; without an API server they go on after that. */
const restoredPatienceMs = 2_000;
/** Pods worked on at once. Nothing in a turn waits for a container to end. */
const workers = 8;

/**
 * The pods of this node. Whatever happens to a pod, its manifest changed, a container ended, a
 * probe changed its mind, a back-off is over, puts its uid into one queue; one turn then compares
 * what should be with what is, and takes the next step. One pod never has two turns at once.
 */
export class PodManager {
  readonly #options: PodManagerOptions;
  readonly #records = new Map<string, PodRecord>();
  readonly #queue: WorkQueue;
  readonly #events: PodEvents;
  readonly #starter: ContainerStarter;
  readonly #stopper: ContainerStopper;
  readonly #writer: StatusWriter;
  readonly #probes: PodProbes;
  readonly #sandboxes: PodSandboxes;
  /** Monotonic: until when restored pods wait. */
  #patientUntil = 0;
  /** Set when the agent takes its pods down with it. */
  #stopAll: (() => void) | undefined;

  constructor(options: PodManagerOptions) {
    const { api, runtime, clock, log } = options;
    this.#options = options;
    this.#events = new PodEvents(options.recorder);
    const events = this.#events;
    this.#queue = createWorkQueue({
      clock,
      onError: (uid, thrown, failures) => {
        const pod = this.#records.get(uid)?.pod;
        const fields = { pod: pod && podTitle(pod), failures };
        log.warn({ ...fields, error: QuorateError.from(thrown).message }, 'pod not synced yet');
      },
    });
    const changed = (uid: string): void => this.#queue.add(uid);
    this.#starter = new ContainerStarter({ ...options, events });
    this.#stopper = new ContainerStopper({ runtime, events, clock, log });
    this.#probes = new PodProbes({ runtime, events, clock, changed });
    this.#sandboxes = new PodSandboxes({ ...options, events });
    this.#writer = new StatusWriter({
      api,
      clock,
      log,
      find: (uid) => this.#records.get(uid),
      onDeleted: (uid) => this.observeGone(uid),
    });
    runtime.onContainerExit(changed);
  }

  /** Goes on with the pods of the agent before this one: the sandboxes that are there. */
  async restore(): Promise<readonly PodSandbox[]> {
    const { checkpoints, runtime, clock } = this.#options;
    this.#patientUntil = clock.monotonic() + restoredPatienceMs;
    for (const pod of await checkpoints.load()) this.observe(pod);
    const sandboxes = await runtime.listPodSandboxes();
    // A sandbox without a manifest: it can only be stopped.
    for (const { id, name, namespace } of sandboxes) {
      if (!this.#records.has(id)) this.observe({ metadata: { uid: id, name, namespace } });
    }
    for (const record of this.#records.values()) record.restored = true;
    return sandboxes;
  }

  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([
      this.#queue.run(workers, (uid) => this.#sync(uid), signal),
      this.#writer.run(signal),
    ]);
    for (const record of this.#records.values()) this.#probes.stop(record);
  }

  /** Something that a pod's volumes show has changed. */
  volumesChanged(uid: string): void {
    if (this.#records.has(uid)) this.#queue.add(uid);
  }

  /** A pod of this node as the API server has it. */
  observe(pod: Pod): void {
    const uid = pod.metadata?.uid ?? '';
    const known = this.#records.get(uid);
    if (known) {
      known.restored = false;
      takeNewer(known, pod);
    } else this.#records.set(uid, newPodRecord(pod, this.#options.backoff));
    this.#queue.add(uid);
  }

  /** The API server has no such pod any more. */
  observeGone(uid: string, last?: Pod): void {
    const record = this.#records.get(uid);
    if (!record) return;
    if (last) takeNewer(record, last);
    record.gone = true;
    this.#queue.add(uid);
  }

  /** The first list is in: pods it does not name went while nobody here was listening. */
  observeAll(uids: ReadonlySet<string>): void {
    for (const uid of this.#records.keys()) if (!uids.has(uid)) this.observeGone(uid);
    const known = new Set(this.#records.keys());
    void this.#options.volumes.removeOthers(known).catch((error: unknown) => {
      this.#options.log.warn({ err: error }, 'cannot remove the volumes of pods that are gone');
    });
  }

  /** Ends every container, with its grace period; the pods stay in the API. */
  async stopAllPods(): Promise<void> {
    const done = Promise.withResolvers<void>();
    this.#stopAll = done.resolve;
    if (this.#records.size === 0) done.resolve();
    for (const uid of this.#records.keys()) this.#queue.add(uid);
    await done.promise;
  }

  find(namespace: string, name: string): Pod | undefined {
    const found = [...this.#records.values()].filter(
      ({ pod }) => pod.metadata?.namespace === namespace && pod.metadata.name === name,
    );
    // Of two namesakes, the one that is not on its way out.
    return (found.find(({ gone }) => !gone) ?? found[0])?.pod;
  }

  async #sync(uid: string): Promise<{ requeueAfterMs: number } | undefined> {
    const record = this.#records.get(uid);
    if (!record) return undefined;
    const { runtime } = this.#options;
    const containers = await runtime.listContainers(uid);
    const { metadata = {} } = record.pod;
    const leaving = record.gone || metadata.deletionTimestamp !== undefined;
    if (!mayStart(record) || this.#stopAll) {
      await this.#wind(record, containers, leaving);
      return undefined;
    }
    const patienceMs = this.#patientUntil - this.#options.clock.monotonic();
    if (record.restored && patienceMs > 0) return { requeueAfterMs: patienceMs };
    const volumes = await this.#setUpVolumes(record);
    if (volumes.failures.length > 0 && containers.length === 0) {
      this.#report(record, undefined, containers);
      return { requeueAfterMs: blockedRetryMs };
    }
    const sandbox = await this.#sandboxes.ensure(record);
    const plan = await this.#carryOut(record, sandbox, containers);
    const now = await runtime.listContainers(uid);
    this.#probes.sync(record, sandbox, now);
    this.#report(record, sandbox, now);
    if (plan.over) for (const status of now) this.#stop(record, status, graceMs(record.pod));
    const wakeMs = Math.min(plan.wakeMs ?? Infinity, volumes.refreshMs ?? Infinity);
    return wakeMs === Infinity ? undefined : { requeueAfterMs: wakeMs };
  }

  async #setUpVolumes(record: PodRecord): Promise<SetUp> {
    const { volumes, nodeName, hostIp } = this.#options;
    const { pod, said } = record;
    const node = { nodeName, hostIp, allocatable: await this.#options.allocatable() };
    const setUp = await volumes.setUp({ ...node, pod, podIp: record.status?.podIP ?? '' });
    record.volumes = setUp.paths;
    for (const { volume, message } of setUp.failures) {
      const text = `MountVolume.SetUp failed for volume "${volume}" : ${message}`;
      if (!said.has(text)) this.#events.warning(pod, 'FailedMount', text);
      said.add(text);
    }
    return setUp;
  }

  /** One step on the way out: stop what runs, then report, then let go. */
  async #wind(
    record: PodRecord,
    containers: readonly ContainerStatus[],
    leaving: boolean,
  ): Promise<void> {
    const { runtime, checkpoints, clock } = this.#options;
    this.#probes.stop(record);
    record.waiting.clear();
    // First of all: the next agent must not start again what this one stops or found ended, also
    // where the object went before.
    if (!record.sealed && !mayStart(record)) {
      await checkpoints.save(leaving ? asDeleted(record.pod, timestamp(clock)) : record.pod);
      record.sealed = true;
    }
    for (const { id, state } of containers) {
      // An agent that died may have left a start under way: it must not happen after all.
      if (state === 'created') await runtime.stopContainer(id, 0);
    }
    const alive = containers.filter(({ state }) => state === 'running');
    // A pod that was deleted by force still gets a moment.
    const grace = record.gone ? Math.max(1_000, graceMs(record.pod)) : graceMs(record.pod);
    for (const status of alive) this.#stop(record, status, grace);
    record.finished = leaving && alive.length === 0;
    const sandboxes = await runtime.listPodSandboxes();
    const sandbox = sandboxes.find(({ id }) => id === record.uid);
    this.#report(record, sandbox, containers);
    if (record.finished && record.gone) {
      await runtime.removePodSandbox(record.uid);
      await this.#options.volumes.remove(record.uid);
      await checkpoints.remove(record.uid);
      this.#records.delete(record.uid);
    }
    await this.#checkAllStopped();
  }

  async #checkAllStopped(): Promise<void> {
    if (!this.#stopAll) return;
    for (const uid of this.#records.keys()) {
      const containers = await this.#options.runtime.listContainers(uid);
      if (containers.some(({ state }) => state === 'running')) return;
    }
    this.#stopAll();
  }

  #stop(record: PodRecord, status: ContainerStatus, grace: number): void {
    if (status.state !== 'running') return;
    const container = this.#container(record, status.name);
    const message = `Stopping container ${status.name}`;
    this.#stopper.stop(record, container, status, { graceMs: grace, message });
  }

  #container({ pod }: PodRecord, name: string): Container {
    return allContainers(pod).find((container) => container.name === name) ?? { name };
  }

  async #carryOut(record: PodRecord, sandbox: PodSandbox, containers: readonly ContainerStatus[]) {
    const { clock, runtime } = this.#options;
    const { pod, backoff } = record;
    const plan = planPod({
      pod,
      backoff,
      now: clock.now(),
      current: newestAttempts(containers),
      isStarted: (id) => record.probers.get(id)?.started ?? false,
      failing: (id) => record.probers.get(id)?.failing,
    });
    for (const { container, id, message } of plan.stops) {
      const status = await runtime.containerStatus(id);
      const grace = graceMs(pod);
      this.#stopper.stop(record, container, status, { graceMs: grace, message });
    }
    record.waiting.clear();
    for (const start of plan.starts) {
      const { name } = start.container;
      const waiting = await this.#starter.start(record, sandbox, start);
      if (waiting) record.waiting.set(name, waiting);
      await this.#removeOldAttempts(containers, name, start.attempt - 2);
    }
    if (record.waiting.size > 0) {
      plan.wakeMs = Math.min(plan.wakeMs ?? blockedRetryMs, blockedRetryMs);
    }
    for (const [name, waiting] of plan.backingOff) {
      record.waiting.set(name, waiting);
      this.#sayBackoff(record, name, newestAttempts(containers).get(name)?.attempt ?? 0);
    }
    return plan;
  }

  #sayBackoff({ pod, said }: PodRecord, name: string, attempt: number): void {
    const key = `back-off ${name} ${attempt}`;
    if (said.has(key)) return;
    said.add(key);
    said.delete(`back-off ${name} ${attempt - 1}`);
    const text = `Back-off restarting failed container ${name} in pod ${podTitle(pod)}`;
    this.#events.warning(pod, 'BackOff', text);
  }

  /** The one before the current is kept, for `logs --previous` and lastState. */
  async #removeOldAttempts(
    containers: readonly ContainerStatus[],
    name: string,
    upTo: number,
  ): Promise<void> {
    for (const status of containers) {
      if (status.name === name && status.attempt <= upTo) {
        await this.#options.runtime.removeContainer(status.id);
      }
    }
  }

  #report(
    record: PodRecord,
    sandbox: PodSandbox | undefined,
    containers: readonly ContainerStatus[],
  ): void {
    const { clock, hostIp, runtime } = this.#options;
    for (const { id, state } of containers) if (state === 'exited') record.stopping.delete(id);
    // Known by its sandbox only: there is nothing to say of it.
    if (!record.pod.spec) return;
    // It ended, or was deleted, during this turn: the next one tells, when the manifest has it.
    if (!mayStart(record) && !record.sealed) return;
    const host = { hostIp, runtimeName: runtime.name, nowMs: clock.now() };
    const status = podStatus(viewOf(record, sandbox, containers, host));
    record.status = record.finished ? finalPhase(status) : status;
    this.#writer.changed(record.uid);
  }
}

const asDeleted = (pod: Pod, deletionTimestamp: string): Pod => ({
  ...pod,
  metadata: { deletionTimestamp, ...pod.metadata },
});
