import { isPodTerminal, type Pod } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { uidOf } from './metadata.ts';
import { isHeldBack } from './room.ts';
import type { Change } from './objects.ts';

interface Waiting {
  readonly priority: number;
  /** Infinity: it still does. */
  untilMs: number;
}

/** Nobody is sent away for another pod's sake unless one of higher priority waits for a node. */
export class Preemption implements Checker {
  readonly name = 'preemption';
  /** By uid. */
  readonly #waiting = new Map<string, Waiting>();
  readonly #patienceMs: number;

  /** What was that long ago is known to all who work. */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  changed({ resource, key, atMs, revision, before, after }: Change): void {
    if (resource !== 'pods') return;
    const pod: Pod = after ?? before ?? {};
    const uid = uidOf(pod);
    const waits = after !== undefined && mayDisplace(pod) && !isPodTerminal(pod);
    const known = this.#waiting.get(uid);
    if (waits && !known) this.#waiting.set(uid, { priority: priorityOf(pod), untilMs: Infinity });
    else if (!waits && known?.untilMs === Infinity) known.untilMs = atMs;
    if (!after || !isPreempted(after) || (before && isPreempted(before))) return;
    for (const { priority, untilMs } of this.#waiting.values()) {
      if (untilMs >= atMs - this.#patienceMs && priority > priorityOf(pod)) return;
    }
    throw new BrokenPromise(
      `${key} of priority ${priorityOf(pod)} is preempted at revision ${revision}, and none of higher priority waits`,
    );
  }
}

/** It waits for a node, and not for its turn, or for somebody's word. */
export const mayDisplace = (pod: Pod): boolean =>
  pod.spec?.nodeName === undefined && pod.spec?.preemptionPolicy !== 'Never' && !isHeldBack(pod);

export const priorityOf = ({ spec }: Pod): number => spec?.priority ?? 0;

export const isPreempted = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ reason }) => reason === 'PreemptionByScheduler') ?? false;
