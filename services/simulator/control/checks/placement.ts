import type { Node, Pod } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import type { Change } from './objects.ts';
import { isChosen, isHeldBack, meantFor, repelling } from './room.ts';

/** Pods are bound to nodes that they are meant for, and that do not repel them; nor are they made for others. */
export class Placement implements Checker {
  readonly name = 'placement of pods';
  /** By name, each version with the moment from which on it was. */
  readonly #nodes = new Map<string, { readonly atMs: number; readonly node: Node }[]>();
  readonly #patienceMs: number;

  /** What was that long ago is known to all who work. */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  changed({ resource, key, atMs, revision, before, after }: Change): void {
    if (resource === 'nodes' && after) this.#node(after, atMs);
    if (resource !== 'pods' || !after) return;
    const pod: Pod = after;
    const name = pod.spec?.nodeName;
    const last: Pod | undefined = before;
    const meant = meantFor(pod);
    if (!before && meant !== undefined)
      this.#mustFit(pod, meant, atMs, `${key} is made for ${meant} at revision ${revision}`);
    if (name === undefined || last?.spec?.nodeName !== undefined) return;
    const what = `${key} is bound to ${name} at revision ${revision}`;
    if (meant !== undefined && meant !== name) {
      throw new BrokenPromise(`${what}, and is meant for ${meant}`);
    }
    if (isHeldBack(pod)) throw new BrokenPromise(`${what}, and is held back`);
    this.#mustFit(pod, name, atMs, what);
  }

  #mustFit(pod: Pod, name: string, atMs: number, what: string): void {
    const versions = this.#nodes.get(name) ?? [];
    const reasons = versions.map(({ node }) => unfit(pod, node));
    // The one of before the time that a scheduler may be behind is in force at its beginning.
    const first = versions[0];
    if (!first || first.atMs > atMs - this.#patienceMs || !reasons.every(Boolean)) return;
    throw new BrokenPromise(`${what}, which has had ${reasons[0]} for long`);
  }

  #node(node: Node, atMs: number): void {
    const name = node.metadata?.name ?? '';
    const versions = [...(this.#nodes.get(name) ?? []), { atMs, node }];
    const from = versions.findLastIndex((each) => each.atMs <= atMs - this.#patienceMs);
    this.#nodes.set(name, from > 0 ? versions.slice(from) : versions);
  }
}

function unfit(pod: Pod, node: Node): string | undefined {
  const taint = repelling(pod, node);
  if (taint) return `the taint ${taint.key}`;
  return isChosen(pod, node) ? undefined : 'other labels than it is to have';
}
