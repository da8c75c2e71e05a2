import { BrokenPromise } from '#shared/checks';
import type { ContainerStatus } from '#services/agent';
import type { Checker } from './checker.ts';

/** A pod runs on one node, and no attempt of a container is started a second time. */
export class StartedOnce implements Checker {
  readonly name = 'started once';
  readonly #nodes = new Map<string, string>();
  readonly #attempts = new Map<string, number>();

  started(node: string, { podSandboxId: uid, name, attempt }: ContainerStatus): void {
    const before = this.#nodes.get(uid);
    if (before !== undefined && before !== node) {
      throw new BrokenPromise(`pod ${uid} was started on ${before}, and is started on ${node}`);
    }
    this.#nodes.set(uid, node);
    const container = `${uid}/${name}`;
    const last = this.#attempts.get(container) ?? -1;
    if (attempt <= last) {
      throw new BrokenPromise(`${container}: attempt ${attempt} is started after ${last}`);
    }
    this.#attempts.set(container, attempt);
  }
}
