import { isDeepStrictEqual } from 'node:util';
import { isPodTerminal, type Node, type Pod } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { labelAt, togetherTerms, wants } from './company.ts';
import { nameOf, uidOf } from './metadata.ts';
import type { Change } from './objects.ts';

interface Stay {
  readonly pod: Pod;
  readonly node: string;
  readonly sinceMs: number;
  /** Infinity: it is there. */
  untilMs: number;
}

/** A pod that has been bound. */
interface Bound {
  readonly pod: Pod;
  readonly node: string;
  readonly atMs: number;
  readonly what: string;
}

/** What was decided before it may be written after it. */
const disorderMs = 500;

/** Where nothing breaks, a pod that wants another one beside it is bound where there is one, or was until a moment ago. */
export class Companions implements Checker {
  readonly name = 'companions';
  readonly #nodes = new Map<string, Node>();
  /** When the labels of a node changed last. */
  #placesMs = -Infinity;
  /** By uid: when the labels of a pod changed last. */
  readonly #labelledMs = new Map<string, number>();
  readonly #stays = new Map<string, Stay>();
  #bound: Bound[] = [];
  readonly #patienceMs: number;

  /** What was that long ago is known to all who work; Infinity: nobody knows. */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  changed(change: Change): void {
    if (this.#patienceMs === Infinity) return;
    if (change.resource === 'nodes') this.#node(change);
    if (change.resource === 'pods') this.#pod(change);
  }

  #node({ atMs, before, after }: Change): void {
    const node: Node = after ?? before ?? {};
    // One that is gone was there for those who were on it.
    if (after) this.#nodes.set(nameOf(node), after);
    if (before && !isDeepStrictEqual(before.metadata?.labels, after?.metadata?.labels))
      this.#placesMs = atMs;
  }

  #pod({ key, revision, atMs, before, after }: Change): void {
    const pod: Pod = after ?? before ?? {};
    const isLabelled = before && !isDeepStrictEqual(before.metadata?.labels, pod.metadata?.labels);
    if (isLabelled) this.#labelledMs.set(uidOf(pod), atMs);
    const last: Pod = before ?? {};
    const node = pod.spec?.nodeName;
    const known = this.#stays.get(uidOf(pod));
    const isThere = after !== undefined && node !== undefined && !isPodTerminal(after);
    if (isThere && last.spec?.nodeName === undefined)
      this.#bound.push({
        pod,
        node,
        atMs,
        what: `${key} is bound to ${node} at revision ${revision}`,
      });
    if (!isThere) {
      if (known?.untilMs === Infinity) known.untilMs = atMs;
      return;
    }
    const sameLabels = isDeepStrictEqual(known?.pod.metadata?.labels, pod.metadata?.labels);
    if (known && !sameLabels)
      this.#stays.set(`${uidOf(pod)} until ${revision}`, { ...known, untilMs: atMs });
    const sinceMs = known && sameLabels ? known.sinceMs : atMs;
    this.#stays.set(uidOf(pod), { pod, node, sinceMs, untilMs: Infinity });
  }

  tick(nowMs: number): void {
    const isOld = ({ atMs }: Bound): boolean => atMs <= nowMs - disorderMs;
    const bound = this.#bound.filter(isOld);
    this.#bound = this.#bound.filter((each) => !isOld(each));
    for (const each of bound) this.#judge(each);
    const oldestMs = (this.#bound[0]?.atMs ?? nowMs) - this.#patienceMs;
    for (const [id, { untilMs }] of this.#stays) if (untilMs <= oldestMs) this.#stays.delete(id);
  }

  #judge({ pod, node: name, atMs, what }: Bound): void {
    const node = this.#nodes.get(name);
    const labelledMs = this.#labelledMs.get(uidOf(pod)) ?? -Infinity;
    const changedMs = Math.max(this.#placesMs, labelledMs);
    if (!node || changedMs > atMs - this.#patienceMs) return;
    // The first of a kind that wants to be together has nobody yet.
    for (const term of togetherTerms(pod).filter((each) => !wants(each, pod, pod))) {
      const beside = [...this.#stays.values()].some((stay) => {
        if (stay.untilMs <= atMs - this.#patienceMs || stay.sinceMs > atMs + disorderMs)
          return false;
        const there = this.#nodes.get(stay.node);
        return there && labelAt(there, term) === labelAt(node, term) && wants(term, pod, stay.pod);
      });
      if (beside && labelAt(node, term) !== undefined) continue;
      throw new BrokenPromise(`${what}, and wants somebody beside it who is not there`);
    }
  }
}
