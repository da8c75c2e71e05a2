import { BrokenPromise } from '#shared/checks';
import type { ContainerStatus } from '#services/agent';
import type { Checker } from './checker.ts';
import type { Change } from './objects.ts';

/** A pod's object goes only after its containers have: nobody knows of what runs without it. */
export class NoGhosts implements Checker {
  readonly name = 'no ghosts';
  readonly #running = new Map<string, string>();
  readonly #gone = new Set<string>();
  readonly #forced = new Set<string>();

  /** A user takes it away without waiting, and knows what that means. */
  forced(uid: string): void {
    this.#forced.add(uid);
  }

  changed({ resource, key, before, after }: Change): void {
    if (resource !== 'pods' || after) return;
    const { uid = '' } = before?.metadata ?? {};
    if (this.#forced.has(uid)) return;
    this.#gone.add(uid);
    const node = this.#running.get(uid);
    if (node !== undefined) {
      throw new BrokenPromise(`${key} (${uid}) is removed while ${node} still runs it`);
    }
  }

  started(node: string, { podSandboxId: uid }: ContainerStatus): void {
    this.#running.set(uid, node);
    if (this.#gone.has(uid)) {
      throw new BrokenPromise(`${node} starts pod ${uid}, which has been removed`);
    }
  }

  exited(_node: string, { podSandboxId: uid }: ContainerStatus): void {
    this.#running.delete(uid);
  }
}
