import { isPodTerminal, type Node, type Pod } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { labelAt, wants } from './company.ts';
import { isGoing, nameOf, uidOf } from './metadata.ts';
import type { Change } from './objects.ts';
import { isChosen, meantFor } from './room.ts';

/** A pod on its node, until it is on its way out, ends, or is labelled otherwise. */
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

type Constraint = NonNullable<NonNullable<Pod['spec']>['topologySpreadConstraints']>[number];

/** A pod that is to be spread is bound to no place that has more of its kind than another one, by more than it allows. */
export class Spread implements Checker {
  readonly name = 'spread of pods';
  readonly #nodes = new Map<string, Node>();
  #placesMs = 0;
  #stays: Stay[] = [];
  /** By uid. */
  readonly #now = new Map<string, Stay>();
  #bound: Bound[] = [];
  readonly #patienceMs: number;

  /** What was that long ago is known to all who work; Infinity: nobody knows. */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  changed(change: Change): void {
    if (change.resource === 'nodes') this.#node(change);
    if (change.resource === 'pods') this.#pod(change);
  }

  #node({ atMs, before, after }: Change): void {
    const labels = (of: Node | undefined): string => JSON.stringify(of?.metadata?.labels);
    if (labels(before) !== labels(after)) this.#placesMs = atMs;
    if (after) this.#nodes.set(nameOf(after), after);
    else this.#nodes.delete(nameOf(before ?? {}));
  }

  #pod({ key, atMs, revision, before, after }: Change): void {
    const pod: Pod = after ?? before ?? {};
    const node = pod.spec?.nodeName;
    const known = this.#now.get(uidOf(pod));
    const isThere = after !== undefined && !isGoing(after) && !isPodTerminal(after);
    if (known && isThere && labelsOf(known.pod) === labelsOf(pod)) return;
    if (known) known.untilMs = atMs;
    this.#now.delete(uidOf(pod));
    if (!isThere || node === undefined) return;
    const what = `${key} is bound to ${node} at revision ${revision}`;
    if (!known && this.#isKnown(atMs)) this.#bound.push({ pod, node, atMs, what });
    const stay = { pod, node, sinceMs: atMs, untilMs: Infinity };
    this.#stays.push(stay);
    this.#now.set(uidOf(pod), stay);
  }

  tick(nowMs: number): void {
    const isOld = ({ atMs }: Bound): boolean => atMs <= nowMs - disorderMs;
    const bound = this.#bound.filter(isOld);
    this.#bound = this.#bound.filter((each) => !isOld(each));
    for (const each of bound) this.#judge(each);
    const oldestMs = (this.#bound[0]?.atMs ?? nowMs) - this.#patienceMs;
    this.#stays = this.#stays.filter(({ untilMs }) => untilMs > oldestMs);
  }

  /** Which places there are. */
  #isKnown(atMs: number): boolean {
    return this.#patienceMs < Infinity && this.#placesMs <= atMs - this.#patienceMs;
  }

  #judge({ pod, node: name, atMs, what }: Bound): void {
    const node = this.#nodes.get(name);
    if (!node || meantFor(pod) !== undefined) return;
    const hard = (pod.spec?.topologySpreadConstraints ?? []).filter(
      ({ whenUnsatisfiable }) => whenUnsatisfiable === 'DoNotSchedule',
    );
    const eligible = [...this.#nodes.values()].filter(
      (each) => isChosen(pod, each) && hard.every((one) => labelAt(each, one) !== undefined),
    );
    for (const constraint of hard) {
      const places = new Set(eligible.map((each) => labelAt(each, constraint)));
      const isThere = ({ sinceMs, untilMs }: Stay): boolean =>
        sinceMs <= atMs - this.#patienceMs && untilMs > atMs;
      const mayBe = ({ sinceMs, untilMs }: Stay): boolean =>
        sinceMs <= atMs + disorderMs && untilMs > atMs - this.#patienceMs;
      const there = this.#count(pod, constraint, labelAt(node, constraint), isThere);
      // As many as there may have been, by what a scheduler knows.
      const least = Math.min(
        ...[...places].map((place) => this.#count(pod, constraint, place, mayBe)),
      );
      const self = Number(wants(constraint, pod, pod));
      if (there + self - least <= constraint.maxSkew) continue;
      throw new BrokenPromise(
        `${what}, where ${there} are like it, and elsewhere ${least} at most: it allows ${constraint.maxSkew} more`,
      );
    }
  }

  #count(
    pod: Pod,
    constraint: Constraint,
    place: string | undefined,
    isMeant: (stay: Stay) => boolean,
  ): number {
    return this.#stays.filter((stay) => {
      const node = this.#nodes.get(stay.node);
      const isIn = node !== undefined && labelAt(node, constraint) === place;
      return isIn && wants(constraint, pod, stay.pod) && isMeant(stay);
    }).length;
  }
}

const labelsOf = ({ metadata }: Pod): string => JSON.stringify(metadata?.labels);
