import { isPodTerminal, type Node, type Pod } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { isGoing, nameOf, uidOf } from './metadata.ts';
import type { Change } from './objects.ts';
import { isPreempted, mayDisplace, priorityOf } from './preemption.ts';
import { hostPorts, millicores, roomOf } from './room.ts';

/** A pod for as long as it waits for a node, or is on one. */
interface Stay {
  readonly pod: Pod;
  /** Absent: it waits. */
  readonly node: string | undefined;
  readonly sinceMs: number;
  /** When the pod came, whatever it did then. */
  readonly bornMs: number;
  /** Infinity: it still does. */
  untilMs: number;
}

/** Those of a node that are told to go at about the same time. */
interface Group {
  readonly node: string;
  /** The last of them. */
  atMs: number;
  readonly pods: Pod[];
}

/** As long as it takes to tell all of them. */
const togetherMs = 400;

/**
 * Whoever is sent away for others' sake is in their way: without it, all that wait would not find room there. Nor would
 * they if somebody less important went in its place.
 */
export class Victims implements Checker {
  readonly name = 'victims of preemption';
  readonly #nodes = new Map<string, Node>();
  /** By uid: the last is what it does now. */
  readonly #stays = new Map<string, Stay[]>();
  readonly #going = new Set<string>();
  /** They spare pods that are less important. */
  #hasBudgets = false;
  #groups: Group[] = [];
  readonly #patienceMs: number;
  readonly #settledMs: number;

  /** What was `patienceMs` ago is known to all who work; after `settledMs` it shows who was given a node. */
  constructor(patienceMs: number, settledMs = 0) {
    this.#patienceMs = patienceMs;
    this.#settledMs = Math.max(settledMs, togetherMs);
  }

  changed({ resource, atMs, before, after }: Change): void {
    if (resource === 'policy/poddisruptionbudgets') this.#hasBudgets = true;
    if (resource === 'nodes' && after) this.#nodes.set(nameOf(after), after);
    if (resource !== 'pods') return;
    const pod: Pod = after ?? before ?? {};
    if (after && isGoing(after)) this.#going.add(uidOf(pod));
    if (!after) this.#going.delete(uidOf(pod));
    this.#moves(pod, after !== undefined && !isPodTerminal(pod), atMs);
    if (after && isPreempted(after) && !(before && isPreempted(before))) this.#joins(pod, atMs);
  }

  tick(nowMs: number): void {
    const over = (group: Group): boolean => group.atMs <= nowMs - this.#settledMs;
    const groups = this.#groups.filter(over);
    this.#groups = this.#groups.filter((group) => !over(group));
    for (const group of groups) this.#judge(group);
    for (const [uid, stays] of this.#stays) {
      const kept = stays.filter(
        ({ untilMs }) => untilMs > nowMs - this.#patienceMs - this.#settledMs - 2000,
      );
      if (kept.length > 0) this.#stays.set(uid, kept);
      else this.#stays.delete(uid);
    }
  }

  judge(): void {
    for (const group of this.#groups) this.#judge(group);
  }

  #moves(pod: Pod, is: boolean, atMs: number): void {
    const node = pod.spec?.nodeName;
    const stays = this.#stays.get(uidOf(pod)) ?? [];
    const last = stays.at(-1);
    if (is && last?.untilMs === Infinity && last.node === node) return;
    if (last?.untilMs === Infinity) last.untilMs = atMs;
    const bornMs = last?.bornMs ?? atMs;
    const stay = { pod, node, sinceMs: atMs, bornMs, untilMs: Infinity };
    if (is) this.#stays.set(uidOf(pod), [...stays, stay]);
  }

  #joins(pod: Pod, atMs: number): void {
    const node = pod.spec?.nodeName ?? '';
    const group = this.#groups.find((each) => each.node === node && each.atMs > atMs - togetherMs);
    if (group) {
      group.pods.push(pod);
      group.atMs = atMs;
    } else this.#groups.push({ node, atMs, pods: [pod] });
  }

  #judge({ node: name, atMs, pods }: Group): void {
    const node = this.#nodes.get(name);
    // Who came later is not why they go; who waited then may have been given the node, and be on it by now.
    const recent = [...this.#stays.values()]
      .flat()
      .filter(({ bornMs, untilMs }) => bornMs <= atMs && untilMs > atMs - this.#patienceMs);
    const gone = new Set(pods.map(uidOf));
    const there = recent.filter((each) => each.node === name && !gone.has(uidOf(each.pod)));
    if (!node) return;
    for (const victim of pods) {
      const waiting = recent.filter(
        (each) =>
          each.node === undefined &&
          mayDisplace(each.pod) &&
          priorityOf(each.pod) > priorityOf(victim),
      );
      // Whoever wants to be apart from one may leave a lesser one where it is.
      if (waiting.every(({ pod }) => isUndemanding(pod))) this.#mustBeLeast(victim, there, atMs);
      // Each once, whether it waited or is there by now.
      const all = [...new Map([...there, ...waiting].map(({ pod }) => [uidOf(pod), pod])).values()];
      // Whom others keep away may be in the way whatever room there is.
      if (waiting.length === 0 || ![...all, ...pods].every(isUndemanding)) continue;
      const asked = [...all, victim].reduce((sum, pod) => sum + millicores(pod), 0);
      if (asked > roomOf(node)) continue;
      throw new BrokenPromise(
        `${nameOf(victim)} is sent away from ${name}, where all that wait have room beside it`,
      );
    }
  }

  #mustBeLeast(victim: Pod, there: readonly Stay[], atMs: number): void {
    if (this.#hasBudgets || !isUndemanding(victim)) return;
    const lesser = there.find(
      ({ pod, sinceMs, untilMs }) =>
        sinceMs <= atMs - this.#patienceMs - togetherMs &&
        untilMs === Infinity &&
        !this.#going.has(uidOf(pod)) &&
        isUndemanding(pod) &&
        priorityOf(pod) < priorityOf(victim) &&
        millicores(pod) >= millicores(victim),
    );
    if (!lesser) return;
    throw new BrokenPromise(
      `${nameOf(victim)} is sent away, and ${nameOf(lesser.pod)}, which is less important, stays`,
    );
  }
}

/** Room is all that it asks for. */
export const isUndemanding = (pod: Pod): boolean =>
  pod.spec?.affinity === undefined &&
  pod.spec?.topologySpreadConstraints === undefined &&
  hostPorts(pod).length === 0;
