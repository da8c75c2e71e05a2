import { getCondition, isPodTerminal, type Pod } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { isGoing, nameOf, uidOf } from './metadata.ts';
import type { Change, ObjectHistory } from './objects.ts';

/** Pods of a node that was deleted are collected soon, and no others are. */
export class OrphanedPods implements Checker {
  readonly name = 'orphaned pods';
  readonly #objects: ObjectHistory;
  readonly #patienceMs: number;
  readonly #boundMs: number;
  /** By name of a node that was there once: since when it is not, and until when; infinity: still. */
  readonly #away = new Map<string, { readonly fromMs: number; untilMs: number }>();

  /** What was `patienceMs` ago is known to all who work; `boundMs` infinity: it may take as long as it likes. */
  constructor(objects: ObjectHistory, patienceMs: number, boundMs: number) {
    this.#objects = objects;
    this.#patienceMs = patienceMs;
    this.#boundMs = boundMs;
  }

  changed({ resource, key, atMs, revision, before, after }: Change): void {
    if (resource === 'nodes') this.#node(nameOf(after ?? before ?? {}), after !== undefined, atMs);
    if (resource !== 'pods' || !after || !isOrphan(after) || (before && isOrphan(before))) return;
    if (this.#isBereft(after, atMs)) return;
    const { nodeName } = (after as Pod).spec ?? {};
    throw new BrokenPromise(
      `${key} is collected at revision ${revision} for the sake of its node ${nodeName}, which has been there for long`,
    );
  }

  /** The uid of a pod that goes for its node's sake: whoever deleted that said that nothing runs there. */
  leftBehind({ resource, atMs, before, after }: Change): string | undefined {
    const pod: Pod = after ?? before ?? {};
    if (resource !== 'pods' || !this.#isBereft(pod, atMs)) return undefined;
    return !after || isGoing(after) || isOrphan(after) ? uidOf(pod) : undefined;
  }

  /** Its node was not there just now. */
  #isBereft({ spec }: Pod, nowMs: number): boolean {
    const away = this.#away.get(spec?.nodeName ?? '');
    return away !== undefined && away.untilMs >= nowMs - this.#patienceMs;
  }

  tick(nowMs: number): void {
    if (this.#boundMs === Infinity) return;
    for (const pod of this.#objects.all<Pod>('pods')) {
      const away = this.#away.get(pod.spec?.nodeName ?? '');
      if (away?.untilMs !== Infinity || isGoing(pod) || isPodTerminal(pod)) continue;
      const awayMs = nowMs - away.fromMs;
      if (awayMs <= this.#boundMs) continue;
      throw new BrokenPromise(
        `pod ${nameOf(pod)} stays on ${pod.spec?.nodeName}, which was deleted ${Math.round(awayMs)} ms ago`,
      );
    }
  }

  #node(name: string, isThere: boolean, atMs: number): void {
    const away = this.#away.get(name);
    if (!isThere) this.#away.set(name, { fromMs: atMs, untilMs: Infinity });
    else if (away?.untilMs === Infinity) away.untilMs = atMs;
  }
}

const isOrphan = ({ status }: Pod): boolean =>
  getCondition(status?.conditions, 'DisruptionTarget')?.reason === 'DeletionByPodGC';
