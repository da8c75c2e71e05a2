import type { Container, Pod } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { ContainerStatus } from '#services/agent';
import { behaviourOf } from '../parts/containers.ts';
import type { Checker } from './checker.ts';
import type { Change } from './objects.ts';

/** What became of a pod's containers, by their names: the newest attempt of each. */
type Ran = Map<string, ContainerStatus>;

/** Agents' own, and as simulated nodes set it. */
const backoff = { initialMs: 1_000, maxMs: 10_000, resetMs: 8_000 };

/** An agent notes a start a little before it is one. */
const startMs = 1_000;

/** What else a restart takes where nothing breaks. */
const turnMs = 2_500;

/**
 * Containers of a pod start in their order, one attempt at a time, and again where its policy says so,
 * for a reason, and after a pause.
 */
export class Attempts implements Checker {
  readonly name = 'attempts of containers';
  readonly #pods = new Map<string, Pod>();
  readonly #ran = new Map<string, Ran>();
  /** By container of a pod that was started again: what its next pause may be, unless it runs for long. */
  readonly #pauses = new Map<string, readonly number[]>();
  readonly #isCalm: boolean;

  /** Where nothing breaks, an agent remembers since when it waits. */
  constructor(isCalm: boolean) {
    this.#isCalm = isCalm;
  }

  changed({ resource, after }: Change): void {
    if (resource === 'pods' && after) this.#pods.set(after.metadata?.uid ?? '', after);
  }

  started(_node: string, status: ContainerStatus): void {
    const { podSandboxId: uid, name, attempt } = status;
    const ran = this.#ran.get(uid) ?? new Map<string, ContainerStatus>();
    const pod = this.#pods.get(uid);
    const before = ran.get(name);
    const broken = (what: string): never => {
      throw new BrokenPromise(`pod ${uid} starts ${name} (${attempt}) ${what}`);
    };
    if (pod) this.#order(pod, status, ran, broken);
    if (before) {
      if (before.state === 'running') broken(`while attempt ${before.attempt} runs`);
      if (pod) this.#again(pod, before, status, broken);
    }
    this.#ran.set(uid, ran.set(name, status));
  }

  exited(_node: string, status: ContainerStatus): void {
    this.#ran.get(status.podSandboxId)?.set(status.name, status);
  }

  #order(
    pod: Pod,
    { name, startedAt = 0 }: ContainerStatus,
    ran: Ran,
    broken: (what: string) => never,
  ): void {
    for (const init of pod.spec?.initContainers ?? []) {
      if (init.name === name) return;
      const { state, exitCode } = ran.get(init.name) ?? {};
      if (init.restartPolicy === 'Always') {
        if (state === undefined) broken(`before ${init.name} has started`);
        if (!ran.has(name)) this.#started(ran, init, startedAt, broken);
        continue;
      }
      if (state !== 'exited' || exitCode !== 0) broken(`before ${init.name} has succeeded`);
    }
  }

  #again(
    pod: Pod,
    before: ContainerStatus,
    status: ContainerStatus,
    broken: (what: string) => never,
  ): void {
    const { restartPolicy = 'Always', containers = [], initContainers = [] } = pod.spec ?? {};
    const { exitCode, reason } = before;
    if (restartPolicy === 'Never') broken('again, and is never to be');
    const container = [...containers, ...initContainers].find(({ name }) => name === status.name);
    const isInit = initContainers.some(({ name }) => name === status.name);
    if (exitCode === 0 && (restartPolicy === 'OnFailure' || isInit))
      broken('after it has succeeded');
    if (reason !== 'ContainerStatusUnknown' && isStopped(before) && !hangs(container, before)) {
      broken('after it was stopped for nothing');
    }
    const key = `${status.podSandboxId}/${status.name}`;
    const possible = (this.#pauses.get(key) ?? [0]).flatMap((ms) => afterRun(ms, before));
    this.#pauses.set(key, possible.map(nextPause));
    if (!this.#isCalm) return;
    const pausedMs = (status.startedAt ?? 0) - (before.finishedAt ?? 0);
    const [leastMs, mostMs] = [Math.min(...possible), Math.max(...possible)];
    if (pausedMs < leastMs) broken(`after ${Math.round(pausedMs)} of ${leastMs} ms`);
    if (pausedMs > mostMs + turnMs) broken(`after ${Math.round(pausedMs)} ms instead of ${mostMs}`);
  }

  /** Where nothing breaks, a machine's clock says how long it took. */
  #started(ran: Ran, init: Container, nowMs: number, broken: (what: string) => never): void {
    const { startMs: takesMs = 0 } = behaviourOf(init.command ?? []);
    const sinceMs = nowMs - (ran.get(init.name)?.startedAt ?? nowMs);
    if (this.#isCalm && init.startupProbe && sinceMs < takesMs)
      broken(`when ${init.name} has been starting for ${Math.round(sinceMs)} of ${takesMs} ms`);
  }
}

/** The pause that was to come, or none where it ran for long; near the border, one or the other. */
function afterRun(ms: number, { startedAt = 0, finishedAt = 0 }: ContainerStatus): number[] {
  const ranMs = finishedAt - startedAt;
  if (ranMs > backoff.resetMs) return [0];
  return ranMs < backoff.resetMs - startMs ? [ms] : [0, ms];
}

const nextPause = (ms: number): number =>
  Math.min(Math.max(backoff.initialMs, 2 * ms), backoff.maxMs);

/** By its agent: programs here end otherwise when they end by themselves. */
const isStopped = ({ exitCode }: ContainerStatus): boolean => exitCode === 143 || exitCode === 137;

const hangs = (container: Container | undefined, { attempt }: ContainerStatus): boolean =>
  attempt < (behaviourOf(container?.command ?? []).hangs?.times ?? 0);
