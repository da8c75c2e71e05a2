import type { Probe } from '#shared/api';
import type { Timer } from '#shared/clock';
import { check, type CheckResult, type CheckTarget } from './check.ts';
import { type ProbeKind, ProbeState, type Verdict } from './probe-state.ts';

export interface ProbeListener {
  /** A result that is a failure, whether or not it changes the verdict. */
  failed(kind: ProbeKind, output: string): void;
  /** The verdict of one of the container's probes is another one. */
  changed(): void;
}

/** What is known of a container before its first probe: from an agent before this one. */
export interface Known {
  readonly ready: boolean;
  readonly started: boolean;
}

const kinds = ['startup', 'liveness', 'readiness'] as const satisfies readonly ProbeKind[];

/**
 * The probes of one running container. While a startup probe has not succeeded, the others wait.
 * Each probe runs every `periodSeconds`, the first time `initialDelaySeconds` after the container's
 * start, and never twice at once.
 */
export class Prober {
  readonly #target: CheckTarget;
  readonly #startedAt: number;
  readonly #listener: ProbeListener;
  readonly #states = new Map<ProbeKind, ProbeState>();
  readonly #timers = new Map<ProbeKind, Timer>();
  #stopped = false;

  constructor(target: CheckTarget, startedAt: number, known: Known, listener: ProbeListener) {
    this.#target = target;
    this.#startedAt = startedAt;
    this.#listener = listener;
    const initial: Record<ProbeKind, Verdict | undefined> = {
      startup: known.started ? 'success' : undefined,
      liveness: 'success',
      readiness: known.ready ? 'success' : 'failure',
    };
    for (const kind of kinds) {
      const probe = this.#probe(kind);
      if (!probe) continue;
      const thresholds = {
        success: probe.successThreshold ?? 1,
        failure: probe.failureThreshold ?? 3,
      };
      this.#states.set(kind, new ProbeState(thresholds, initial[kind]));
      const age = target.clock.now() - startedAt;
      this.#schedule(kind, Math.max(0, (probe.initialDelaySeconds ?? 0) * 1000 - age));
    }
  }

  /** Kubernetes' `started`: the startup probe has succeeded, or there is none. */
  get started(): boolean {
    const startup = this.#states.get('startup');
    return !startup || startup.verdict === 'success';
  }

  get ready(): boolean {
    const readiness = this.#states.get('readiness');
    return this.started && (!readiness || readiness.verdict === 'success');
  }

  /** Which probe says that the container has to be restarted. */
  get failing(): 'startup' | 'liveness' | undefined {
    if (this.#states.get('startup')?.verdict === 'failure') return 'startup';
    return this.#states.get('liveness')?.verdict === 'failure' ? 'liveness' : undefined;
  }

  get startedAt(): number {
    return this.#startedAt;
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers.values()) timer.cancel();
  }

  #probe(kind: ProbeKind): Probe | undefined {
    return this.#target.container[`${kind}Probe`];
  }

  #schedule(kind: ProbeKind, ms: number): void {
    if (this.#stopped) return;
    const timer = this.#target.clock.after(ms, () => void this.#run(kind));
    this.#timers.set(kind, timer);
  }

  async #run(kind: ProbeKind): Promise<void> {
    const probe = this.#probe(kind);
    if (!probe || (kind === 'startup' && this.started)) return;
    if (kind === 'startup' || this.started) {
      const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
      this.#take(kind, await check(probe, this.#target, timeoutMs));
    }
    this.#schedule(kind, (probe.periodSeconds ?? 10) * 1000);
  }

  #take(kind: ProbeKind, { ok, output }: CheckResult): void {
    if (this.#stopped) return;
    if (!ok) this.#listener.failed(kind, output);
    if (!this.#states.get(kind)?.add(ok ? 'success' : 'failure')) return;
    // What waited for the start need not wait for its next turn.
    if (kind === 'startup' && ok) this.#releaseOthers();
    this.#listener.changed();
  }

  #releaseOthers(): void {
    for (const kind of ['liveness', 'readiness'] as const) {
      const probe = this.#probe(kind);
      if (!probe) continue;
      this.#timers.get(kind)?.cancel();
      const age = this.#target.clock.now() - this.#startedAt;
      this.#schedule(kind, Math.max(0, (probe.initialDelaySeconds ?? 0) * 1000 - age));
    }
  }
}
