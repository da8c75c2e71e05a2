import { isConditionTrue, type Lease, type Node, type Pod, type Taint } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { isGoing, nameOf } from './metadata.ts';
import type { Change } from './objects.ts';
import { isTolerated } from './room.ts';

const unreachable = 'node.kubernetes.io/unreachable';
/** How long pods that say nothing of silent nodes stay there; others go at once. */
const silentMs = 1_000;
const silence: readonly string[] = [unreachable, 'node.kubernetes.io/not-ready'];
/** Controllers look so often, and agents write by clocks of their own. */
const roundedMs = 800;

interface Expelling {
  readonly taint: Taint;
  readonly sinceMs: number;
  /** Infinity: it is there. */
  untilMs: number;
}

/** A node is called silent when it is, and pods leave one that expels them when the time is over that they may stay. */
export class Expulsions implements Checker {
  readonly name = 'expulsions';
  /** By node. */
  readonly #expelling = new Map<string, Expelling[]>();
  readonly #heardMs = new Map<string, number[]>();
  readonly #patienceMs: number;
  readonly #graceMs: number;

  /** What was `patienceMs` ago is known to all who work; who is silent for `graceMs` is taken for lost, 0: or others. */
  constructor(patienceMs: number, graceMs: number) {
    this.#patienceMs = patienceMs;
    this.#graceMs = graceMs;
  }

  changed(change: Change): void {
    if (change.resource === 'coordination.k8s.io/leases') this.#lease(change);
    if (change.resource === 'nodes') this.#node(change);
    if (change.resource === 'pods') this.#pod(change);
  }

  #lease({ atMs, after }: Change): void {
    const lease: Lease = after ?? {};
    if (lease.metadata?.namespace !== 'kube-node-lease') return;
    const heard = (this.#heardMs.get(nameOf(lease)) ?? []).filter((at) => at > atMs - 60_000);
    this.#heardMs.set(nameOf(lease), [...heard, atMs]);
  }

  #node({ atMs, revision, after }: Change): void {
    const node: Node = after ?? {};
    const name = nameOf(node);
    const taints = (node.spec?.taints ?? []).filter(({ effect }) => effect === 'NoExecute');
    const known = this.#expelling.get(name) ?? [];
    const isSame = (a: Taint, b: Taint): boolean => a.key === b.key && a.value === b.value;
    for (const each of known) {
      if (each.untilMs === Infinity && !taints.some((taint) => isSame(taint, each.taint)))
        each.untilMs = atMs;
    }
    for (const taint of taints) {
      const before = known.findLast((each) => isSame(each.taint, taint));
      if (before?.untilMs === Infinity) continue;
      if (taint.key === unreachable) this.#silenced(name, atMs, revision);
      // Who follows the node may not have seen that it was gone.
      const isBrief = before !== undefined && before.untilMs > atMs - this.#patienceMs;
      if (before && isBrief) before.untilMs = Infinity;
      else known.push({ taint, sinceMs: atMs, untilMs: Infinity });
    }
    this.#expelling.set(name, known);
  }

  #silenced(name: string, atMs: number, revision: number): void {
    const heard = this.#heardMs.get(name) ?? [];
    if (this.#graceMs === 0 || heard.length < 2) return;
    const pauses = [...heard, atMs].map((at, i, all) => ({ at, ms: at - (all[i - 1] ?? at) }));
    const recent = pauses.filter(({ at }) => at >= atMs - this.#patienceMs - roundedMs);
    const longest = Math.max(...recent.map(({ ms }) => ms));
    if (longest >= this.#graceMs - roundedMs) return;
    throw new BrokenPromise(
      `${name} is called silent at revision ${revision}, and has not been for more than ${Math.round(longest)} ms`,
    );
  }

  #pod({ key, atMs, revision, before, after }: Change): void {
    const pod: Pod = after ?? {};
    // Of one on its way out, its node may write again what it knew.
    if (!isExpelled(pod) || isExpelled(before ?? {}) || isGoing(before ?? {})) return;
    const node = pod.spec?.nodeName ?? '';
    const recent = (this.#expelling.get(node) ?? []).filter(
      ({ untilMs }) => untilMs > atMs - this.#patienceMs,
    );
    const due = recent.map(({ taint, sinceMs }) => sinceMs + mayStayMs(pod, taint));
    if (due.some((dueMs) => dueMs <= atMs + 50)) return;
    throw new BrokenPromise(
      `${key} is expelled from ${node} at revision ${revision}, ${Math.round(Math.min(...due) - atMs)} ms too early`,
    );
  }
}

const isExpelled = ({ status }: Pod): boolean =>
  isConditionTrue(status?.conditions, 'DisruptionTarget') &&
  status?.conditions?.some(({ reason }) => reason === 'DeletionByTaintManager') === true;

function mayStayMs({ spec }: Pod, taint: Taint): number {
  const tolerations = (spec?.tolerations ?? []).filter((each) => isTolerated(taint, each));
  if (tolerations.length === 0) return silence.includes(taint.key) ? silentMs : 0;
  return Math.min(
    ...tolerations.map(({ tolerationSeconds }) => (tolerationSeconds ?? Infinity) * 1000),
  );
}
