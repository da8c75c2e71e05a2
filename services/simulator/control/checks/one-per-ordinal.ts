import { getControllerOf } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { ContainerStatus } from '#services/agent';
import type { Checker } from './checker.ts';
import { uidOf } from './metadata.ts';
import type { Change } from './objects.ts';

/** Of two pods with the same ordinal of a StatefulSet, one at most has a running container. */
export class OnePerOrdinal implements Checker {
  readonly name = 'one pod for an ordinal';
  /** By uid: the ordinal's name. */
  readonly #ordinals = new Map<string, string>();
  /** By ordinal: who runs, and where. */
  readonly #running = new Map<string, { readonly uid: string; readonly node: string }>();

  readonly #forced = new Set<string>();

  /** A user takes it away without waiting for its containers. */
  forced(uid: string): void {
    this.#forced.add(uid);
  }

  changed({ resource, key, after }: Change): void {
    if (resource !== 'pods' || getControllerOf(after ?? {})?.kind !== 'StatefulSet') return;
    this.#ordinals.set(uidOf(after ?? {}), key);
  }

  started(node: string, { podSandboxId: uid }: ContainerStatus): void {
    const ordinal = this.#ordinals.get(uid);
    if (ordinal === undefined || this.#forced.has(uid)) return;
    const other = this.#running.get(ordinal);
    if (other && other.uid !== uid && !this.#forced.has(other.uid)) {
      throw new BrokenPromise(
        `${ordinal} runs twice: as ${other.uid} on ${other.node}, and as ${uid} on ${node}`,
      );
    }
    this.#running.set(ordinal, { uid, node });
  }

  exited(_node: string, { podSandboxId: uid }: ContainerStatus): void {
    const ordinal = this.#ordinals.get(uid);
    if (ordinal !== undefined && this.#running.get(ordinal)?.uid === uid) {
      this.#running.delete(ordinal);
    }
  }
}
