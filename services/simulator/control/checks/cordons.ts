import type { Node } from '#shared/api';
import { BrokenPromise } from '#shared/checks';
import type { Checker } from './checker.ts';
import { nameOf, uidOf } from './metadata.ts';
import type { Change } from './objects.ts';

/** Longer than anybody tries to have done what a user asks for, and than a store that alone holds it is paused. */
const attemptMs = 120_000;

/** A node is cordoned, and uncordoned, when a user asks for that, and by nobody else. */
export class Cordons implements Checker {
  readonly name = 'cordons';
  readonly #now: () => number;
  /** By node and wish: when it was asked for last. */
  readonly #asked = new Map<string, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** By a user. */
  asked(node: string, unschedulable: boolean): void {
    this.#asked.set(`${node} ${unschedulable}`, this.#now());
  }

  changed({ resource, revision, atMs, before, after }: Change): void {
    if (resource !== 'nodes' || !before || !after || uidOf(before) !== uidOf(after)) return;
    const [was, is] = [isCordoned(before), isCordoned(after)];
    if (was === is) return;
    const askedMs = this.#asked.get(`${nameOf(after)} ${is}`) ?? -Infinity;
    if (atMs - askedMs <= attemptMs) return;
    const what = is ? 'cordoned' : 'uncordoned';
    throw new BrokenPromise(
      `${nameOf(after)} is ${what} at revision ${revision}, and nobody has asked for that`,
    );
  }
}

const isCordoned = ({ spec }: Node): boolean => spec?.unschedulable === true;
