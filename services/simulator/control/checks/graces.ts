import { isPodTerminal, type Pod } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { ContainerStatus } from '#services/agent';
import { behaviourOf } from '../parts/containers.ts';
import type { Checker } from './checker.ts';
import { isGoing, nameOf, uidOf } from './metadata.ts';
import type { Change } from './objects.ts';

/** A pod that was deleted, and when all of it is to have ended. */
interface Leaving {
  readonly name: string;
  readonly endMs: number;
}

/**
 * Containers are stopped for a reason; those of a pod that is deleted get the time that the deletion gives them, and
 * not more, where nothing breaks.
 */
export class Graces implements Checker {
  readonly name = 'grace periods';
  readonly #pods = new Map<string, Pod>();
  readonly #leaving = new Map<string, Leaving>();
  readonly #running = new Map<string, ContainerStatus>();
  /** Users removed them without waiting. */
  readonly #forced = new Set<string>();
  readonly #now: () => number;
  readonly #promptMs: number;

  /** Infinity: nobody knows how long agents take. */
  constructor(now: () => number, promptMs: number) {
    this.#now = now;
    this.#promptMs = promptMs;
  }

  changed({ resource, atMs, before, after }: Change): void {
    if (resource !== 'pods') return;
    const pod: Pod = after ?? before ?? {};
    const uid = uidOf(pod);
    if (after) this.#pods.set(uid, after);
    else this.#pods.delete(uid);
    if (!after || !isGoing(after)) return;
    if (before && isGoing(before) && graceOf(before) === graceOf(after)) return;
    // A second one may come when its time would be over by the first.
    const { endMs: firstMs = Infinity } = this.#leaving.get(uid) ?? {};
    this.#leaving.set(uid, { name: nameOf(pod), endMs: Math.min(firstMs, atMs + graceOf(after)) });
  }

  forced(uid: string): void {
    this.#forced.add(uid);
  }

  started(_node: string, status: ContainerStatus): void {
    this.#running.set(status.id, status);
  }

  exited(_node: string, status: ContainerStatus): void {
    const { id, podSandboxId: uid, name, exitCode } = status;
    this.#running.delete(id);
    if (exitCode !== 143 && exitCode !== 137) return;
    const pod = this.#pods.get(uid);
    // Gone, or of nobody any more.
    if (!pod || this.#forced.has(uid)) return;
    const container = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].find(
      (each) => each.name === name,
    );
    const { hangs, termMs = 50 } = behaviourOf(container?.command ?? []);
    const leaving = this.#leaving.get(uid);
    if (!leaving) {
      if (hangs || isPodTerminal(pod) || this.#isOver(pod, name)) return;
      throw new BrokenPromise(`${name} of pod ${nameOf(pod)} is stopped for nothing`);
    }
    if (hangs || exitCode !== 137) return;
    const earlyMs = Math.min(leaving.endMs, this.#now() + termMs) - this.#now();
    if (earlyMs < earlierMs) return;
    throw new BrokenPromise(
      `${name} of pod ${nameOf(pod)} is killed ${Math.round(earlyMs)} ms before its time is over`,
    );
  }

  tick(nowMs: number): void {
    if (this.#promptMs === Infinity) return;
    for (const { id, podSandboxId: uid, name } of this.#running.values()) {
      const { endMs, name: pod } = this.#leaving.get(uid) ?? { endMs: Infinity, name: '' };
      if (this.#forced.has(uid) || nowMs <= endMs + this.#promptMs) continue;
      throw new BrokenPromise(
        `${name} of pod ${pod} (${id}) runs ${Math.round(nowMs - endMs)} ms after its time is over`,
      );
    }
  }

  /** It ran beside what the pod is for, which has ended. */
  #isOver({ spec, metadata }: Pod, ended: string): boolean {
    const isMain = (name: string): boolean =>
      spec?.containers.some((each) => each.name === name) === true;
    const running = [...this.#running.values()].filter(
      ({ podSandboxId }) => podSandboxId === metadata?.uid,
    );
    return !isMain(ended) && !running.some(({ name }) => isMain(name));
  }
}

/** Within a second of what is said in seconds. */
const earlierMs = 1_000;

const graceOf = ({ metadata }: Pod): number => (metadata?.deletionGracePeriodSeconds ?? 0) * 1000;
